"""Published E-Rate purchases in the marketplace: imported as drafts, or replayed from registration to contract."""
