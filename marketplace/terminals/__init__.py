"""The pages: what people see of the marketplace in a browser."""
