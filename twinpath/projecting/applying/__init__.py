"""Events into changes, and changes with their checkpoints into the store."""
