"""Questions that invited providers ask about a request, and what its buyer answers to all of them."""
