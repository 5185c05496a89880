"""Search: how text is cut into words and asked for, the index as one more copy of a view, and its adapters."""
