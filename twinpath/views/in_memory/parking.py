"""The parked streams, in this process's memory."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from twinpath.errors import ParkedMoved
from twinpath.views.parking import (
    Extend,
    LateCopy,
    Park,
    Parked,
    ParkedCounts,
    ParkedStream,
    ParkingChange,
    Resume,
    Skipped,
    Tried,
    parked_id,
)

Staged = dict[str, ParkedStream | None]
"""Id of a parked stream -> what it will be; None when it is free then."""


class InMemoryParked(Parked):
    """A Parked. The store checks with `staged` and writes with `take`, and awaits nothing in between."""

    def __init__(self) -> None:
        self._streams: dict[str, ParkedStream] = {}
        self._skipped: dict[str, Skipped] = {}
        self._late: dict[str, LateCopy] = {}

    def staged(self, changes: Sequence[ParkingChange]) -> Staged:
        """The parked streams after the changes. Raises ParkedMoved."""
        staged: Staged = {}
        for change in changes:
            match change:
                case Park(parked):
                    _expect(parked.id not in self._streams, parked.id)
                    staged[parked.id] = parked
                case Extend():
                    now = self._streams.get(name := parked_id(change.projection, change.stream))
                    _expect(now is not None, name)
                    assert now is not None
                    staged[name] = replace(now, last=max(now.last, change.last))
                case Resume(before, after):
                    now = self._streams.get(before.id)
                    same = now is not None and (now.version, now.attempts) == (before.version, before.attempts)
                    _expect(same and (after is not None or now.last == before.last), before.id)  # type: ignore[union-attr]
                    staged[before.id] = after and replace(after, last=now.last)  # type: ignore[union-attr]
                case Skipped() | LateCopy():
                    pass
        return staged

    def take(self, staged: Staged, changes: Sequence[ParkingChange]) -> None:
        """Write what was staged, and the records beside it."""
        for name, stream in staged.items():
            if stream is None:
                del self._streams[name]
            else:
                self._streams[name] = stream
        self._skipped |= {change.id: change for change in changes if isinstance(change, Skipped)}
        self._late |= {change.id: change for change in changes if isinstance(change, LateCopy)}

    def forget(self, projection: str) -> None:
        """Lose what a projection has parked; what was skipped is kept for ever."""
        for stream in self._of(projection):
            del self._streams[stream.id]
        self._late = {name: late for name, late in self._late.items() if late.projection != projection}

    def hand_over(self, projection: str, to: str) -> None:
        """What the one projection has parked is the other's from now on, in the place of what that one had."""
        self.forget(to)
        renamed = [replace(stream, projection=to) for stream in self._of(projection)]
        self.forget(projection)
        self._streams |= {stream.id: stream for stream in renamed}

    async def counts(self) -> ParkedCounts:
        return dict(Counter((stream.projection, stream.log) for stream in self._streams.values()))

    async def among(self, projections: Collection[str], streams: Collection[str]) -> set[tuple[str, str]]:
        return {
            (name, stream) for name in projections for stream in streams if parked_id(name, stream) in self._streams
        }

    async def get(self, projection: str, stream: str) -> ParkedStream | None:
        return self._streams.get(parked_id(projection, stream))

    async def page(self, projection: str | None, after: str | None, limit: int) -> list[ParkedStream]:
        ids = sorted(stream.id for stream in self._of(projection) if after is None or stream.id > after)
        return [self._streams[name] for name in ids[:limit]]

    async def longest_untried(
        self, projection: str | None, before: datetime, after: Tried | None, limit: int
    ) -> list[ParkedStream]:
        places = sorted((stream.tried_at, stream.id) for stream in self._of(projection) if stream.tried_at < before)
        return [self._streams[name] for at, name in places if after is None or (at, name) > after][:limit]

    async def totals(self, projection: str | None) -> tuple[int, int]:
        streams = self._of(projection)
        return len(streams), sum(stream.events for stream in streams)

    async def skipped(self, projection: str | None, after: str | None, limit: int) -> list[Skipped]:
        skipped = [event for event in self._skipped.values() if projection in (None, event.projection)]
        return sorted((event for event in skipped if after is None or event.id > after), key=lambda event: event.id)[
            :limit
        ]

    async def late_copies(self, limit: int) -> list[LateCopy]:
        return list(self._late.values())[:limit]

    async def copied(self, ids: Sequence[str]) -> None:
        for name in ids:
            self._late.pop(name, None)

    def _of(self, projection: str | None) -> list[ParkedStream]:
        return [stream for stream in self._streams.values() if projection in (None, stream.projection)]


def _expect(holds: bool, name: str) -> None:
    if not holds:
        raise ParkedMoved(f"somebody else changed what is parked of {name}")
