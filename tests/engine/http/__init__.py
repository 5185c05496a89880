"""The HTTP server below the application, over raw sockets."""
