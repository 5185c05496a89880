"""The cost of a command, an event and a query, and the needs of many of them."""
