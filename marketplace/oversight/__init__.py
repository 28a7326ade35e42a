"""Oversight: the platform looks after its own work: what waits, who has accounts, what runs, who learned a name."""
