"""Pages of the business that buys: from its home to the contract."""
