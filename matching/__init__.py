"""Filters times anonymous requests: who receives what, and why."""
