"""Pages of the carrier's sales desk: what it received, its bids, what it won."""
