"""Machine keys, tokens and the audit record on the command line."""
