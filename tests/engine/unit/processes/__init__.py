"""Processes: what follows from events, timers, parked streams, erasure."""
