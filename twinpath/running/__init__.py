"""How a service starts, serves, reads its settings and ends."""
