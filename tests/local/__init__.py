"""Servers as private local processes."""
