"""What the query service shows of views: documents, lists, live streams, declared once."""


class Endpoints:
    """Something that gives the query service endpoints."""
