"""Accounts: organizations, their users, passwords, second factors, sessions and API keys."""
