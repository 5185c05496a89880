"""The command service's engine: the bus, its endpoints, the relay, processes."""
