"""The order of lines that touch the same aggregates: as if they were sent one after the other."""

import asyncio
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import orjson

from twinpath.ids import UUID_PATTERN

_ID = re.compile(rb"[a-z]+-" + UUID_PATTERN.encode())

_Waits = dict[int, asyncio.Event]
"""Number of a line that is not done -> what is set when it is."""


def ids_in(line: bytes) -> set[str]:
    """The ids of aggregates that a line of JSON names anywhere."""
    if b"\\" in line:  # an id may be written with \u escapes
        with suppress(ValueError):
            line = orjson.dumps(orjson.loads(line))
    return {match.decode() for match in _ID.findall(line)}


@dataclass(slots=True)
class _Users:
    """The lines in hand that change an aggregate, and those that only look at it, by their numbers."""

    change: _Waits = field(default_factory=dict)
    look: _Waits = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One line's place: it waits for lines before it alone, so that no two wait for each other."""

    number: int
    before: Collection[asyncio.Event]
    over: asyncio.Event

    async def come(self) -> None:
        """Wait until the lines before it that touch the same aggregates are done."""
        for event in self.before:
            await event.wait()


class Turns:
    """A line that changes an aggregate waits for all lines before it that touch it; others for those that change it."""

    def __init__(self) -> None:
        self._users: dict[str, _Users] = {}

    @contextmanager
    def taken(self, number: int, changed: str, looked_at: Collection[str]) -> Iterator[Turn]:
        """The turn of a line, which is over at the end of the block; take turns in the order of the lines."""
        over = asyncio.Event()
        before: list[asyncio.Event] = []
        for stream in {changed, *looked_at}:
            users = self._users.setdefault(stream, _Users())
            before += list(users.change.values())[-1:]
            if stream == changed:
                before += users.look.values()
            (users.change if stream == changed else users.look)[number] = over
        try:
            yield Turn(number, before, over)
        finally:
            over.set()
            for stream in {changed, *looked_at}:
                self._leave(number, stream)

    async def changed_before(self, number: int, stream: str) -> None:
        """Wait for the last line before this one that changes an aggregate."""
        users = self._users.get(stream, _Users())
        if last := max((other for other in users.change if other < number), default=0):
            await users.change[last].wait()

    def _leave(self, number: int, stream: str) -> None:
        users = self._users[stream]
        users.change.pop(number, None)
        users.look.pop(number, None)
        if not users.change and not users.look:
            del self._users[stream]
