"""Announcing as the platform, where words can be held against who the buyer is before anybody reads them."""
