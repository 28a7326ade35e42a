"""Auction formats: one small object each, in one table."""
