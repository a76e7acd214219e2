"""The rules of contracts and orders: pure functions from (state, input, now) to (state, events)."""
