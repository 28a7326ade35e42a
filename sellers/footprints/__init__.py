"""Where a provider has a network: its footprint, uploaded in versions, of which one is in force."""
