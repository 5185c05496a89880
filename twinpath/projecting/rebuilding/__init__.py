"""Builds a new generation of a view beside the one in service."""
