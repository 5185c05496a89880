"""history: every event of one aggregate, who and when."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from twinpath.domain.views import View

HISTORY = View("history", personal=True, indexes=(("stream",), ("personal_of",)))
"""An entry keeps personal data apart, in `personal`, and says in `personal_of` whose it is: so it can be erased. Its
`schema` (1 where there is none) is that of its data, which readers bring up to date."""


def entry_id(stream: str, version: int) -> str:
    """Id of a history entry; sorts by version within the stream."""
    return f"{stream}@{version:010d}"


class HistoryEntry(BaseModel):
    """One event: what happened, when (UTC), by whom (null for a caller who reads what is its own), and its data."""

    version: int
    type: str
    at: datetime
    actor: str | None
    correlation_id: str
    data: dict[str, Any]
