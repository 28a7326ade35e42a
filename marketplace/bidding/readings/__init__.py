"""Readings of bids by the platform, on record."""
