"""How Twinpath is put together and run."""
