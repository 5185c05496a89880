"""Commands that put something right: parked streams, dead letters, claims."""
