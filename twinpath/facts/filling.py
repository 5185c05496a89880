"""A log as its tables of facts take it: each table is its own checkpoint, and a row that comes twice is one row.

Rows are made while those before them are still on their way into the table: nothing is acknowledged before it is there.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence

from twinpath.domain.events import RecordedEvent
from twinpath.facts.inserting import Inserting
from twinpath.facts.interface import FactsStore, OutdatedFacts
from twinpath.facts.making import Making
from twinpath.facts.tables import Table
from twinpath.feed.following import Sink

_AT_ONCE = 1_000
"""Events that are read and made into rows together; with more, what is in hand outgrows the caches of a processor."""


class FilledLog(Sink):
    """One log; `makings` give the rows of each table, which is filled by the Inserting of its name."""

    most = _AT_ONCE

    def __init__(
        self,
        log: str,
        store: FactsStore,
        makings: Sequence[tuple[Table, Making]],
        inserting: Mapping[str, Inserting],
    ) -> None:
        self._log = log
        self._store = store
        self._makings = {table.name: (table, making) for table, making in makings}
        self._inserting = inserting
        self._positions: dict[str, int] = {}
        """By table; the table is missing here where it is not known."""
        self._identities: dict[str, str] = {}
        self.outdated: set[str] = set()
        """The tables that another version of their declaration made: they are left as they are."""
        self._upto = 0
        self._underway: defaultdict[str, list[asyncio.Future[None]]] = defaultdict(list)
        """By table: the rows that are not known to be in it."""

    @property
    def position(self) -> int:
        current = [self._positions.get(name, 0) for name in self._makings if name not in self.outdated]
        return min(current, default=self._upto)

    @property
    def positions(self) -> Mapping[str, int]:
        """By table, as far as known here."""
        return self._positions

    @property
    def safe(self) -> int:
        return 0 if any(self._underway.values()) else self.position

    async def load(self, upto: int) -> None:
        self._upto = upto
        for name in self._makings.keys() - self._positions.keys():
            await self._learn(name)

    async def is_ahead(self) -> bool:
        if any(self._underway.values()):  # the table is behind what was made for it, and says nothing
            return False
        before = self.position
        for name in self._makings:
            await self._learn(name)
        return self.position > before

    def knows(self, table: Table, identity: str) -> bool:
        """Whether its position in this very table is known, and no other version of the declaration made it."""
        name = table.name
        return name in self._positions and name not in self.outdated and self._identities[name] == identity

    async def learn_anew(self, table: Table) -> None:
        """Learn where the log is in a table that was exchanged, emptied or outdated. Raises Unavailable."""
        await self._learn(table.name)

    async def take(self, events: Sequence[RecordedEvent]) -> None:
        for name in self._makings.keys() - self.outdated:
            await self._fill(name, events)

    async def settle(self) -> None:
        for name in self._makings:
            self._inserting[name].press()
        for name in self._makings:
            await self._arrived(name, self._underway[name])

    async def _fill(self, name: str, events: Sequence[RecordedEvent]) -> None:
        position = self._positions[name]
        new = [event for event in events if event.position > position]
        if not new or new[0].position != position + 1:
            return
        _, making = self._makings[name]
        await self._arrived(name, [rows for rows in self._underway[name] if rows.done()])
        try:
            rows = await making.rows(new)
            self._underway[name].append(self._inserting[name].put(rows))
            self._positions[name] = new[-1].position
            await self._inserting[name].room()
        except BaseException:
            self._forget(name)
            raise

    async def _arrived(self, name: str, underway: Sequence["asyncio.Future[None]"]) -> None:
        """Return when they are in the table. Raises what an insert raises; the table's position is not known then."""
        try:
            await asyncio.gather(*underway)
        except BaseException:
            self._forget(name)
            raise
        self._underway[name] = [done for done in self._underway[name] if not done.done()]

    async def _learn(self, name: str) -> None:
        table, _ = self._makings[name]
        self.outdated.discard(name)
        try:
            await self._store.prepare(table)
        except OutdatedFacts:
            self.outdated.add(name)
        self._identities[name] = await self._store.identity(table)
        position = (await self._store.positions(table, [self._log]))[self._log]
        if position != self._positions.get(name):
            self._forget(name)
        self._positions[name] = position

    def _forget(self, name: str) -> None:
        """Events are taken again: nothing that came after them may be recalled."""
        self._positions.pop(name, None)
        for done in self._underway.pop(name, ()):
            if not done.cancel() and not done.cancelled():
                done.exception()  # it was looked at
        self._makings[name][1].forget()
