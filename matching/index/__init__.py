"""All active filters in memory, so that the few that accept a request are found among a million."""
