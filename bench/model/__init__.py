"""What one command, event and query costs, and what follows from that for many of them."""
