"""Answering as the buyer, where who the buyer is and what was asked may be looked at together."""
