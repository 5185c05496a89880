"""Where views are kept: the interface and its adapters."""
