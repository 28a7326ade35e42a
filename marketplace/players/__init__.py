"""Programs that play buyers, desks and admins over the public API: for the demo, the replay of real data and tests."""
