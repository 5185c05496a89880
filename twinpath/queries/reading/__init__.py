"""Reads views: causal waits, the fast copy, lists, live changes."""
