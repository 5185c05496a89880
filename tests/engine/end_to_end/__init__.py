"""The services as processes, over HTTP."""
