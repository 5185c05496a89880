"""Follows each log: deliveries, missing ranges, projections that join late."""
