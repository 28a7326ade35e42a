"""The one place that brings who (registry) and what (requests) together: the buyer's own desk."""
