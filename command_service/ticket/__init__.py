"""The ticket: its commands, its rules, its endpoints."""
