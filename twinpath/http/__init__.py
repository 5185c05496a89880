"""What the HTTP side of every service shares: errors, limits, correlation, health."""
