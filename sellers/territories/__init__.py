"""Territories that a provider saves under a name, for several filters to share."""
