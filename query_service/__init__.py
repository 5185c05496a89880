"""The query service: serves the views and nothing else."""
