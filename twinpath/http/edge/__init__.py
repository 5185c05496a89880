"""The HTTP server's border: what a client sends is framed, checked, timed and counted before the parser sees it."""
