"""Times that matter: what is told a while before a deadline, and what is skipped when the worker was away too long."""
