"""Measurements of the projections: live, and rebuilt."""
