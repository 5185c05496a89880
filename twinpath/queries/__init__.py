"""The query service's engine: answers from the views."""
