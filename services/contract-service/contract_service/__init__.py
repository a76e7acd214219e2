"""The promise and its delivery: contracts, their review, signature and payments, and the orders they become."""
