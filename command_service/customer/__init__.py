"""The customer: its commands, its rules, its endpoints."""
