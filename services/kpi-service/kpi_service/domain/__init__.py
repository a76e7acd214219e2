"""The rules of the figures: pure functions from people and facts to numbers."""
