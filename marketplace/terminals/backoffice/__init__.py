"""Pages of the platform's agents: what waits, what runs, who saw what."""
