"""The streams that a projection leaves aside: those that wait because one of their events could not be applied.

A parked stream is one record: of this stream, for this projection, the events `version` to `last` wait. It holds no
event, only where they are in the log. Changes of what is parked commit with the views and the checkpoints, and each
says what it builds on, so that a consumer and a retry that meet never reorder or lose an event: whoever comes second
is refused with ParkedMoved and looks again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from twinpath.ids import uuid7


@dataclass(frozen=True, slots=True)
class ParkedStream:
    """The events `version` to `last` of a stream wait; `position` is that of `version` in `log`.

    `reason` says why `version` could not be applied, after `attempts` tries, the last of them at `tried_at`; it is
    None when `version` was not tried yet, because what stood before it is out of the way since.
    """

    projection: str
    stream: str
    log: str
    version: int
    position: int
    last: int
    reason: str | None
    attempts: int
    parked_at: datetime
    tried_at: datetime

    @property
    def id(self) -> str:
        """`<projection>/<stream>`."""
        return parked_id(self.projection, self.stream)

    @property
    def events(self) -> int:
        """How many wait."""
        return self.last - self.version + 1


def parked_id(projection: str, stream: str) -> str:
    """The id of a parked stream."""
    return f"{projection}/{stream}"


@dataclass(frozen=True, slots=True)
class Park:
    """Park a stream that is not parked."""

    parked: ParkedStream


@dataclass(frozen=True, slots=True)
class Extend:
    """Leave aside what comes after in a stream that is parked, up to version `last`."""

    projection: str
    stream: str
    last: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Events of a parked stream are done; the stream is as in `after` now, or free where that is None.

    It must stand at the version and attempts of `before`, and to be set free have nothing beyond its `last`. What a
    consumer added meanwhile stays: `last` of `after` counts for nothing.
    """

    before: ParkedStream
    after: ParkedStream | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event that somebody decided never to apply: who, when and why, kept for ever."""

    projection: str
    stream: str
    log: str
    version: int
    position: int
    reason: str | None
    attempts: int
    parked_at: datetime
    skipped_at: datetime
    skipped_by: str
    why: str

    @property
    def id(self) -> str:
        """`<projection>/<stream>@<version>`, the version with leading zeros, so that ids sort as versions do."""
        return f"{parked_id(self.projection, self.stream)}@{self.version:010d}"


@dataclass(frozen=True, slots=True)
class LateCopy:
    """The documents that the events `first` to `last` of a stream touch changed outside the order of their log.

    Whoever keeps copies brings these documents, and then takes the record away.
    """

    projection: str
    stream: str
    log: str
    first: int
    last: int
    id: str = field(default_factory=uuid7)


ParkingChange = Park | Extend | Resume | Skipped | LateCopy


def projection_of(change: ParkingChange) -> str:
    """The projection whose parked events it is about."""
    match change:
        case Park(parked):
            return parked.projection
        case Resume(before):
            return before.projection
        case _:
            return change.projection


ParkedCounts = dict[tuple[str, str], int]
"""(projection, log) -> how many streams are parked; nothing parked may be missing or 0."""

Tried = tuple[datetime, str]
"""A place in the order of retries: when a stream was tried last, and its id."""


class Parked(Protocol):
    """The reading side of what is parked, and its housekeeping. Every call raises Unavailable."""

    async def counts(self) -> ParkedCounts:
        """How many streams are parked; cheap, however many there are."""

    async def among(self, projections: Collection[str], streams: Collection[str]) -> set[tuple[str, str]]:
        """Those (projection, stream) that are parked."""

    async def get(self, projection: str, stream: str) -> ParkedStream | None:
        """One parked stream."""

    async def page(self, projection: str | None, after: str | None, limit: int) -> list[ParkedStream]:
        """At most `limit` parked streams with an id beyond `after`, by id; of one projection, or of all."""

    async def longest_untried(
        self, projection: str | None, before: datetime, after: Tried | None, limit: int
    ) -> list[ParkedStream]:
        """At most `limit` streams that were last tried before a time, longest ago first, beyond `after`."""

    async def totals(self, projection: str | None) -> tuple[int, int]:
        """How many streams and how many of their events are parked; it counts, so it takes a while with very many."""

    async def skipped(self, projection: str | None, after: str | None, limit: int) -> list[Skipped]:
        """At most `limit` skipped events with an id beyond `after`, by id."""

    async def late_copies(self, limit: int) -> list[LateCopy]:
        """At most `limit` of what copies have yet to take over, oldest first."""

    async def copied(self, ids: Sequence[str]) -> None:
        """Take these late copies away."""
