"""Puts entries on record: what was done before it is answered, what was refused a moment later and counted."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from twinpath.errors import Unavailable
from twinpath.identity.audit.interface import AuditLog, Entry

_MOST_REFUSALS = 1_000
"""So many different refusals wait for the next second; beyond them only their number is kept, in a log line."""

_PAUSE_SECONDS = 1.0
_NO_TIME = datetime.min.replace(tzinfo=UTC)
_log = structlog.get_logger(__name__)


class Recorder:
    """Writes to a record. Entries that come together go together; a flood of refusals is a line a second each."""

    def __init__(self, record: AuditLog) -> None:
        self._record = record
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._refused: dict[Entry, Entry] = {}
        self._left_out = 0
        self._writer: asyncio.Task[None] | None = None
        self._counter: asyncio.Task[None] | None = None

    async def done(self, entry: Entry) -> None:
        """Put an entry on record before what it tells of is answered. Raises Unavailable."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await future

    def refused(self, entry: Entry) -> None:
        """Put a refusal on record within about a second; those alike are counted."""
        alike = replace(entry, at=_NO_TIME, correlation_id=None)
        if (counted := self._refused.get(alike)) is not None:
            self._refused[alike] = replace(counted, count=counted.count + 1)
        elif len(self._refused) < _MOST_REFUSALS:
            self._refused[alike] = entry
        else:
            self._left_out += 1
        if self._counter is None or self._counter.done():
            self._counter = asyncio.create_task(self._write_refused())

    async def close(self) -> None:
        """Write what still waits, as far as the record takes it."""
        if self._counter is not None and not self._counter.done():
            self._counter.cancel()
            await asyncio.gather(self._counter, return_exceptions=True)
            await self._flush_refused()
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._record.add([entry for entry, _ in batch])
            except Unavailable as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(Unavailable(error.detail))
            else:
                for _, future in batch:
                    if not future.done():
                        future.set_result(None)

    async def _write_refused(self) -> None:
        while self._refused:
            await asyncio.sleep(_PAUSE_SECONDS)
            await self._flush_refused()

    async def _flush_refused(self) -> None:
        refused, self._refused = self._refused, {}
        left_out, self._left_out = self._left_out, 0
        if left_out:
            _log.warning("refusals_left_out", count=left_out)
        try:
            await self._record.add(list(refused.values()))
        except Unavailable as error:
            _log.warning("refusals_not_on_record", entries=len(refused), error=error.detail)
            self._refused = refused | self._refused
