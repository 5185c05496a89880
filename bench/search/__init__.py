"""Measurements of search in a large index that changes meanwhile."""
