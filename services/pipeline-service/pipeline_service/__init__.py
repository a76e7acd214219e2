"""The customer and the deal."""
