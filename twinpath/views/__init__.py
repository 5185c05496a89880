"""Stores of views and their copies, one room an adapter."""
