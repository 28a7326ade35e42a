"""Drafts of bids, and the sheets in which they go out and come back."""
