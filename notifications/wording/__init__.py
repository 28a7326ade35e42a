"""The words of notices: the defaults of every row in every language, and what the platform has made of them."""
