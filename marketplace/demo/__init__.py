"""The demo: an invented market with a past, the same from the same seed, and one whole deal played in the open."""
