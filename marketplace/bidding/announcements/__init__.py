"""What the platform tells both sides of an auction: its own words, and each pause, resumption and extension."""
