"""The rows of the table of notices, by what they are about."""
