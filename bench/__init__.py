"""Measurements, one script a figure."""
