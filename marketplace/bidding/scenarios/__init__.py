"""Auctions as files: read, played through the engine, and compared with what they expect."""
