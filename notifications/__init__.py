"""Tells those concerned what happened, in words made from what each may see."""
