"""Measurements that are claims of the product: not imported by it and not part of what is installed."""
