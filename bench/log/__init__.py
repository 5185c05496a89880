"""Measurements of the log: appends alone and in a race, the driver, and a peer on PostgreSQL."""
