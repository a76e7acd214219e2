"""The rules of lead-service: pure functions from (state, input, now) to (state, events)."""
