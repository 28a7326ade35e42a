"""The carriers' side: providers and their desks, saved filters, terms documents and invitations."""
