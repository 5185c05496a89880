"""What the query service shows of views: documents, lists, live streams, declared once."""

from twinpath.domain.views import View


class Endpoints:
    """Something that gives the query service endpoints."""

    def reads(self) -> tuple[View, ...]:
        """The views whose documents it shows."""
        raise NotImplementedError
