"""A deployment with docker compose, tried for real: `make compose-test`; never part of `make test`."""
