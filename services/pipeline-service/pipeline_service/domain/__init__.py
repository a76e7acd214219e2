"""What an account and a deal are and what may happen to them: pure, from values to values."""
