"""The rules of the shop: pure functions, one file an aggregate."""
