"""Processes (process managers): what follows from events and from the passing of time."""
