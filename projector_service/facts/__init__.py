"""The shop's facts for analytics: one module a table."""
