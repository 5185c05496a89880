"""What can be asked about tickets: lists, one ticket, the dashboard, the history."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from query_service.fast_copy import FastCopy
from shared.clock import Clock, utc_now
from shared.errors import NotFound
from shared.read_models.history import HISTORY, HistoryEntry
from shared.read_models.ticket_dashboard import TICKET_DASHBOARD, median_seconds, month_id, total_id
from shared.read_models.ticket_details import TICKET_DETAILS
from shared.read_models.ticket_list import TICKET_LIST, TicketRow
from shared.view_store.interface import Cached, Document, ViewReader

_DAYS = 30
_ROW_FIELDS = tuple(TicketRow.model_fields)
_ENTRY_FIELDS = tuple(HistoryEntry.model_fields)


class TicketQueries:
    """Reads the ticket views. `fresh` reads past the cache, which may trail the view's checkpoint."""

    def __init__(self, reader: ViewReader, cache: FastCopy, clock: Clock = utc_now) -> None:
        self._reader = reader
        self._cache = cache
        self._clock = clock

    async def page(
        self, filters: Mapping[str, Any], after: str | None, limit: int
    ) -> tuple[list[Document], str | None]:
        """Rows, newest first, and the id after which the next page begins. Raises Unavailable."""
        rows = await self._reader.page(TICKET_LIST.name, filters, after, limit + 1, descending=True)
        return [_chosen(row, _ROW_FIELDS) for row in rows[:limit]], rows[limit - 1]["_id"] if len(
            rows
        ) > limit else None

    async def row(self, ticket_id: str, filters: Mapping[str, Any]) -> Document | None:
        """The row of one ticket, or None when it has not these fields. Raises Unavailable."""
        row = await self._reader.get(TICKET_LIST.name, ticket_id)
        if row is None or any(row[name] != value for name, value in filters.items()):
            return None
        return _chosen(row, _ROW_FIELDS)

    async def details(self, ticket_id: str, fresh: bool = False) -> Cached:
        """One ticket, ready to send. Raises NotFound, Unavailable."""
        cached = None if fresh else await self._cache.get(TICKET_DETAILS.name, ticket_id)
        if cached is not None:
            return cached
        document = await self._reader.get(TICKET_DETAILS.name, ticket_id)
        if document is None:
            raise NotFound(f"There is no ticket {ticket_id}, or it is not visible yet.", code="ticket_not_found")
        return TICKET_DETAILS.rendered(document)

    async def history(self, ticket_id: str, after: str | None, limit: int) -> tuple[list[Document], str | None]:
        """Events, oldest first, and the id after which the next page begins. Raises NotFound, Unavailable."""
        entries = await self._reader.page(HISTORY.name, {"stream": ticket_id}, after, limit + 1)
        if not entries and after is None:
            raise NotFound(f"There is no ticket {ticket_id}, or it is not visible yet.", code="ticket_not_found")
        more = entries[limit - 1]["_id"] if len(entries) > limit else None
        return [_chosen(entry, _ENTRY_FIELDS) for entry in entries[:limit]], more

    async def entry(self, entry_id: str) -> Document:
        """One event of a history. Raises NotFound, Unavailable."""
        entry = await self._reader.get(HISTORY.name, entry_id)
        if entry is None:
            raise NotFound(f"There is no history entry {entry_id}.")
        return _chosen(entry, _ENTRY_FIELDS)

    async def dashboard(self, logs: Sequence[str], fresh: bool = False) -> Document:
        """The sums over the parts of these logs; see TicketDashboard. Raises Unavailable."""
        today = self._clock().astimezone(UTC)
        days = [today - timedelta(days=ago) for ago in range(_DAYS)]
        months = sorted({f"{day:%Y-%m}" for day in days})
        parts = await self._parts(
            [*map(total_id, logs), *(month_id(month, log) for month in months for log in logs)], fresh
        )
        totals = [parts.get(total_id(log), {}) for log in logs]
        statuses = _added(total.get("by_status", {}) for total in totals)
        return {
            "by_status": {status: statuses.get(status, 0) for status in ("open", "triaged", "closed")},
            "days": [_day(day, logs, parts) for day in days],
            "median_hours_to_triage": _hours(totals, "triage"),
            "median_hours_to_close": _hours(totals, "close"),
        }

    async def _parts(self, ids: Sequence[str], fresh: bool) -> dict[str, Document]:
        cached = [None] * len(ids) if fresh else await self._cache.get_many(TICKET_DASHBOARD.name, ids)
        parts = {part.id: orjson.loads(part.body) for part in cached if part is not None}
        if missing := [part_id for part_id in ids if part_id not in parts]:
            parts |= {
                document["_id"]: document for document in await self._reader.documents(TICKET_DASHBOARD.name, missing)
            }
        return parts


def _day(day: datetime, logs: Sequence[str], parts: Mapping[str, Document]) -> Document:
    months = [parts.get(month_id(f"{day:%Y-%m}", log), {}) for log in logs]
    counted = {what: sum(month.get(what, {}).get(f"{day:%d}", 0) for month in months) for what in ("opened", "closed")}
    return {"day": f"{day:%Y-%m-%d}", **counted}


def _hours(totals: Sequence[Document], sketch: str) -> float | None:
    seconds = median_seconds(_added(total.get(sketch, {}) for total in totals))
    return None if seconds is None else round(seconds / 3600, 6)


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in counts:
        for name, number in part.items():
            total[name] = total.get(name, 0) + number
    return total


def _chosen(document: Document, fields: tuple[str, ...]) -> Document:
    return {name: document[name] for name in fields}
