"""Every schema of every event that was ever written, and what keeps each of them readable."""
