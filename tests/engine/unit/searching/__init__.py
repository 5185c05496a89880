"""Tests of how views are searched, without an engine."""
