"""The channel of text messages: whose phone number is confirmed, what a text says, and how it leaves the house."""
