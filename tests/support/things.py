"""Things in a store of views: what the contract tests write, and how they read it back."""

from typing import Any

from tests.support.changes import VIEW
from twinpath.domain.views import Change, Document, Put, View
from twinpath.views.generations import GenerationStore
from twinpath.views.interface import CheckpointMove

THINGS = View("things", indexes=(("status",), ("status", "color")))
LOGS = ("repair.0", "repair.1")

Store = GenerationStore
"""Both sides: every adapter of the writer reads too."""


def move(expected: int, position: int, log: str = LOGS[0]) -> CheckpointMove:
    """A move of the checkpoint of `p`."""
    return CheckpointMove("p", log, expected, position)


def put(document_id: str = "a", /, **fields: Any) -> Put:
    """Put a thing."""
    return Put(VIEW, document_id, fields)


def change(document_id: str = "a", **fields: Any) -> Change:
    """Change a thing."""
    return Change(VIEW, document_id, **fields)


async def thing(store: Store, document_id: str = "a") -> Document:
    """A document's own fields."""
    document = await store.get(VIEW, document_id)
    assert document is not None
    return {name: value for name, value in document.items() if name not in ("_id", "revision")}


async def ids(store: Store, **page: Any) -> list[str]:
    """Ids of the things on a page."""
    asked: dict[str, Any] = {"where": {}, "after": None, "limit": 100} | page
    if asked["after"] is not None:
        asked["after"] = (None, asked["after"])
    return [document["_id"] for document in await store.page(VIEW, **asked)]
