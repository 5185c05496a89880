"""Why a search can't be answered, and the index of a service in which search is off."""

from twinpath.errors import Unavailable


def expect_filled(state: str | None) -> None:
    """Refuse an index that does not have every document yet. Raises Unavailable."""
    if state != "done":
        raise Unavailable("The search index is being filled.", code="search_unavailable")
