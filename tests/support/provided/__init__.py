"""The servers that tests run on: in containers, or as private local processes."""
