"""One suite for every search index."""
