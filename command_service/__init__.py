"""The command service: validates commands, keeps what happened, publishes it."""
