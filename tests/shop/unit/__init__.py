"""Unit tests of the shop."""
