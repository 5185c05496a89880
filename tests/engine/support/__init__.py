"""What the tests share: The engine's tests: buses, projections and logs on the workshop."""
