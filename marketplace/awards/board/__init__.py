"""The scenario board: what the bids would make together, computed beside the auction and never in its way."""
