"""An append on its way through a group writer, and how it gets its answer."""

import asyncio
from dataclasses import dataclass, field

from twinpath.errors import ClaimHeld, OutcomeUnknown, TwinpathError
from twinpath.log.commits import Document
from twinpath.log.interface import Appended, NewCommit


@dataclass(slots=True, eq=False)
class Pending:
    """An append that waits for its answer."""

    commit: NewCommit
    log: str
    encoded: bytes
    deadline: float
    answer: asyncio.Future[Appended] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    sent: bool = False
    """An insert of it went out and its outcome is not known."""
    suspect: bool = False
    """Something of it may stand already: look for its command id, its stream's version and the holders of its claims
    before inserting."""


def without_claims(pending: Pending, holders: dict[str, Document]) -> TwinpathError | None:
    """Why it can't have its claims, if so. An insert that may still be under way could get them yet."""
    key = next((key for key in pending.commit.claims if key in holders), None)
    if key is None:
        return None
    if pending.sent:
        return OutcomeUnknown("the event log went away while it wrote; repeat with the same key")
    return ClaimHeld(key, holders[key]["stream"])


def mark_sent(batch: list[Pending]) -> None:
    """Note that an insert of them went out."""
    for pending in batch:
        pending.sent = True


def settle(pending: Pending, appended: Appended) -> None:
    """Answer with a place in the log, unless the caller is gone."""
    if not pending.answer.done():
        pending.answer.set_result(appended)


def refuse(pending: Pending, error: Exception) -> None:
    """Answer with an error, unless the caller is gone."""
    if not pending.answer.done():
        pending.answer.set_exception(error)
