"""Keeps the copies of views beside the store."""
