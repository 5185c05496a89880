"""The documents that tools read: OpenAPI and AsyncAPI, made of the declarations."""
