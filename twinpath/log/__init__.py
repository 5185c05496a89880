"""The log of what happened: its interface and its adapters."""
