"""The REST endpoints of the query service, one file a resource."""
