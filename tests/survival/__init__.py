"""Tests: survival."""
