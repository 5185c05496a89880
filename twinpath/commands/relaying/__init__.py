"""The relay: publishes the log to the broker, in order."""
