"""The servers as private local processes, where there is no Docker engine."""
