"""The way of the log through the message broker: its interface and its adapters."""
