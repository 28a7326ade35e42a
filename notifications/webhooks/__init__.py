"""Webhooks: notices sent to addresses that an organization has named, signed, in order and until they arrive."""
