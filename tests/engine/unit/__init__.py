"""Unit tests of the engine: pure, milliseconds, one room a room of the engine."""
