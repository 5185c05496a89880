"""The published language: every event, as it is stored and sent."""
