"""A log in memory, and tables of facts that are kept of it."""

from collections.abc import Sequence

from tests.support.appending import metadata
from twinpath.domain import Catalogue, DomainEvent, Facts
from twinpath.facts.in_memory import InMemoryFacts
from twinpath.facts.interface import FactsStore
from twinpath.facts.keeping import FactsKeeper, FactsMeans
from twinpath.facts.tables import Row, table_of
from twinpath.ids import logs_of, uuid7
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import NewCommit
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.running.retrying import Pace

PACE = Pace(first=0.01, most=0.02, poison=0.02, look=0.01)


class FactsWorld:
    """`keeper` fills the tables of `declared` when it is asked for rows, or once it is started."""

    def __init__(
        self, catalogue: Catalogue, declared: Sequence[Facts], partitions: int = 1, store: FactsStore | None = None
    ) -> None:
        self._declared = declared
        self._catalogue = catalogue
        self.logs = logs_of(catalogue.categories, partitions)
        self.log = InMemoryEventStore(catalogue.categories, partitions)
        self.seals = Seals(InMemoryKeyStore(), catalogue)
        self.memory = InMemoryFacts()
        self.means = FactsMeans(self.log, store or self.memory, self.seals, catalogue)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Another keeper, as after a restart."""
        self.keeper = FactsKeeper(self._declared, self.logs, self.means, PACE, seconds=0)

    async def append(self, stream: str, *events: DomainEvent) -> None:
        """Append to the end of a stream, a commit."""
        sealed = await self.seals.seal(stream, [self._catalogue.encode(event) for event in events])
        version = len(await self.log.load(stream))
        await self.log.append(NewCommit(stream, sealed, version, uuid7(), metadata(), "f"))

    async def rows(self, name: str) -> list[Row]:
        """The rows of a table in memory, once it has everything."""
        await self.keeper.caught_up()
        facts = next(facts for facts in self._declared if facts.name == name)
        return self.memory.rows(table_of(facts))
