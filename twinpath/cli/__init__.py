"""The `twinpath` command: what an operator asks of a running system, or tells it."""
