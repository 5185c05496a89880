"""The copy of views in Redis."""
