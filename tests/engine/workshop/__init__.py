"""The engine's tests run on this domain: the repairs of a car workshop and the owners of the cars."""
