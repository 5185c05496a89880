"""The REST endpoints of the command service, one file a resource."""
