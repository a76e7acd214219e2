"""lead-service: from a stranger to a qualified opportunity."""
