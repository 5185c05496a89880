"""Fills copies of views with all documents, behind what is written live.

A live write always wins over a fill, because a fill adds only what is absent or older: an earlier one may have brought
a document of a log that is adopted only later. Whether all is filled is known in the copy alone, so that no fill is
forgotten that fails or whose process is killed: what empties the copy takes that with it, and so does adopting a log.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from twinpath.domain.views import BY_ID, NEWEST_FIRST, Place, View
from twinpath.ids import uuid7
from twinpath.projecting.copying.kinds import Kind
from twinpath.views.interface import ViewCopy, ViewWriter

PAGE = 500
"""Documents, in one read and in one write."""

_log = structlog.get_logger(__name__)


class Fills:
    """Those that are under way, one a view; `copy_of` names the copy of a view, and `note` hears what goes wrong."""

    def __init__(
        self,
        writer: ViewWriter,
        cache: ViewCopy[Any],
        kind: Kind,
        copy_of: Callable[[View], str],
        note: Callable[[BaseException], None],
    ) -> None:
        self._writer, self._cache, self._kind = writer, cache, kind
        self._copy_of = copy_of
        self._note = note
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tokens: dict[str, str] = {}
        """View -> that of its last fill."""

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Those that run."""
        return list(self._running.values())

    async def expect(self, view: View, copy: str) -> None:
        """Begin to fill a copy of the view where that is to be done, or where the last fill of this process ended."""
        name = view.name
        if name not in self._running and await self._cache.fill_state(copy) in (None, self._tokens.get(name)):
            self._running[name] = asyncio.create_task(self._fill(view), name=f"fill {name}")

    async def _fill(self, view: View) -> None:
        token, copy = uuid7(), self._copy_of(view)
        self._tokens[view.name] = token
        try:
            await self._cache.begin_fill(copy, token)
            newest = await self._writer.page(view.name, {}, None, 1, NEWEST_FIRST)  # what comes later is written live
            after: Place | None = None
            copied = 0
            last = False
            while not last:
                documents = await self._writer.page(view.name, {}, after, PAGE)
                after = BY_ID.place_of(documents[-1]) if documents else None
                last = not newest or after is None or after >= BY_ID.place_of(newest[0])
                if not await self._cache.fill(copy, token, self._kind.ready(view, documents), last):
                    return  # emptied again, or a log was adopted: the next look begins anew
                copied += len(documents)
            _log.info(f"{self._kind.name}_filled", view=view.name, documents=copied)
        except Exception as error:
            self._note(error)
        finally:
            del self._running[view.name]
