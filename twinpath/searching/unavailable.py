"""Why a search can't be answered, and the index of a service in which search is off."""

from twinpath.errors import Unavailable


class BeingFilled(Unavailable):
    """An index does not have every document yet."""

    code = "search_unavailable"


def expect_filled(state: str | None) -> None:
    """Refuse an index that does not have every document yet. Raises BeingFilled."""
    if state != "done":
        raise BeingFilled("The search index is being filled.")
