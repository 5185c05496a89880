"""Streams with a poison event: set aside, listed, retried, skipped."""
