"""The notices of an organization for its machines: a feed to read on from, and a stream that tells as it happens."""
