"""The shop's deployment on real servers."""
