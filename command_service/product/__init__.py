"""The product: its commands, its rules, its endpoints."""
