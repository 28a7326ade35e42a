"""Who hears what and how: each reader's choices by group of events, its quiet hours and its daily digest."""
