"""Where things are: place keys, placing a site without a network, areas; nothing of telecom."""
