"""Copies of views on each adapter, for the contract that they keep, and what is written to them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from twinpath.domain.views import Cached
from twinpath.views.interface import ViewCache

VIEW = "things"
LOG = "repair.0"


@dataclass
class Copy:
    """A cache, and how it loses everything. `brief` is another one, whose fills may take a second from page to page."""

    cache: ViewCache
    brief: ViewCache
    flush: Callable[[], Awaitable[Any]]


def thing(document_id: str, revision: int, body: str = "") -> Cached:
    return Cached(document_id, revision, f'"{revision}"', body.encode() or f'{{"revision":{revision}}}'.encode())
