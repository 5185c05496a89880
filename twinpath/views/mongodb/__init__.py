"""Views in MongoDB."""
