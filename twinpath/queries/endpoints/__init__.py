"""The REST endpoints that are made from declared resources."""
