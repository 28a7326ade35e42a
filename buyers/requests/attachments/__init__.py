"""Files that a buyer attaches to a request: freed of what they say about who made them."""
