"""Auctions: the pure engine that decides, its formats, what each participant sees, and the one ranking."""
