"""The order: its commands, its rules, its endpoints."""
