"""A log as its tables of facts take it: each table is its own checkpoint, and a row that comes twice is one row."""

import asyncio
from collections.abc import Mapping, Sequence

from twinpath.domain.events import RecordedEvent
from twinpath.facts.inserting import Inserting
from twinpath.facts.interface import MOST_ROWS, FactsStore, OutdatedFacts
from twinpath.facts.making import Making
from twinpath.facts.tables import Table
from twinpath.feed.following import Sink


class FilledLog(Sink):
    """One log; `makings` give the rows of each table, which is filled by the Inserting of its name."""

    most = MOST_ROWS

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

    @property
    def position(self) -> int:
        current = [self._positions.get(name, 0) for name in self._makings if name not in self.outdated]
        return min(current, default=self._upto)

    @property
    def positions(self) -> Mapping[str, int]:
        """By table, as far as known here."""
        return self._positions

    async def load(self, upto: int) -> None:
        self._upto = upto
        for name in self._makings.keys() - self._positions.keys():
            await self._learn(name)

    async def is_ahead(self) -> bool:
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
        async with asyncio.TaskGroup() as tasks:
            for name in self._makings:
                if name not in self.outdated:
                    tasks.create_task(self._fill(name, events))

    async def _fill(self, name: str, events: Sequence[RecordedEvent]) -> None:
        position = self._positions[name]
        new = [event for event in events if event.position > position]
        if not new or new[0].position != position + 1:
            return
        _, making = self._makings[name]
        try:
            await self._inserting[name].put(await making.rows(new))
        except BaseException:
            self._forget(name)
            raise
        self._positions[name] = new[-1].position

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
        self._makings[name][1].forget()
