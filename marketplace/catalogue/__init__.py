"""Families, service types and their typed features: what can be asked for, and in which units."""
