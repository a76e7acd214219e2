"""The HTTP side of contract-service: routes, and what goes in and out of them."""
