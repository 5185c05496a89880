"""Contracts and adapters that the services share; never a business rule."""
