"""Views in this process's memory."""
