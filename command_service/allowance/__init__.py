"""A customer's allowance: how many pieces their open orders may hold (decision 0027)."""
