"""Keeps all tables of facts: follows their logs, and once a second looks at what others did and at what was lost."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.facts import Facts
from twinpath.errors import Unavailable
from twinpath.facts.filling import FilledLog
from twinpath.facts.inserting import Inserting
from twinpath.facts.interface import MOST_ROWS, FactsStore
from twinpath.facts.making import Making
from twinpath.facts.tables import Row, Table, expect_fit, table_of
from twinpath.feed.following import Follower, Followers
from twinpath.feed.interface import Followed
from twinpath.log.interface import EventLog
from twinpath.personal_data.sealing import Seals
from twinpath.running.retrying import Lines, Pace, Troubles, repeated

_DIGEST_SECONDS = 60.0
OF_FACTS = Lines("facts_go_on", "facts_wait_for_store", "facts_fail")


@dataclass(frozen=True, slots=True)
class FactsMeans:
    """What rows are made of and where they go."""

    source: EventLog
    store: FactsStore
    seals: Seals
    catalogue: Catalogue


class FactsKeeper(Followed):
    """Fills the tables of these declarations from the logs. Raises UnfitFacts: one of them can't be kept."""

    def __init__(
        self,
        declared: Sequence[Facts],
        logs: Sequence[str],
        means: FactsMeans,
        pace: Pace | None = None,
        tables: Callable[[Facts], Table] = table_of,
        on_insert: Callable[[str, int], None] = lambda table, rows: None,
        seconds: float | None = 1.0,
        most: int = MOST_ROWS,
    ) -> None:
        """`most` rows are in an insert, and `seconds` between those that have fewer: see Inserting."""
        expect_fit(declared, means.catalogue)
        self._pace = pace or Pace()
        self._means = means
        self._on_insert = on_insert
        self.tables = {facts.name: tables(facts) for facts in declared}
        self._inserting = {
            table.name: Inserting(partial(self._insert, table), most, seconds) for table in self.tables.values()
        }
        self._filled: dict[str, FilledLog] = {}
        self._logs_of = {facts.name: [log for log in logs if facts.follows(log)] for facts in declared}
        followers = []
        for log in logs:
            if following := [facts for facts in declared if facts.follows(log)]:
                self._filled[log] = self._filled_log(log, following)
                troubles = Troubles(log, OF_FACTS)
                followers.append(Follower(log, means.source, self._filled[log], self._pace, troubles))
        self.followers = Followers(means.source, followers)
        self.deliver = self.followers.deliver
        self._troubles = Troubles("facts", OF_FACTS)
        self._tasks: list[asyncio.Task[NoReturn]] = []

    @property
    def logs(self) -> list[str]:
        """The logs that are followed."""
        return list(self._filled)

    async def start(self) -> None:
        """Return at once; work begins as soon as the stores answer."""
        note = partial(self._troubles.note, "look")
        self._tasks.append(asyncio.create_task(repeated(self.look, self._pace.look, note), name="facts"))
        if any(table.earliest for table in self.tables.values()):
            note = partial(self._troubles.note, "digest")
            self._tasks.append(asyncio.create_task(repeated(self.digest, _DIGEST_SECONDS, note), name="digest facts"))

    async def stop(self, seconds: float = 5.0) -> None:
        """Take no more events and finish what is in hand, if that is possible within `seconds`."""
        await self.followers.stop(seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(inserting.stop() for inserting in self._inserting.values()))

    async def look(self) -> None:
        """Learn what a table has lost, and read from the logs what no message told of. Raises Unavailable."""
        for name, table in self.tables.items():
            await self._look_at(name, table)
        await self.followers.look()

    async def digest(self) -> None:
        """Bring the digests of all tables further. Raises Unavailable."""
        begun = {name for filled in self._filled.values() for name in filled.positions.keys() - filled.outdated}
        for table in self.tables.values():
            if table.name in begun:
                await self._means.store.digest(table)

    async def caught_up(self) -> dict[str, int]:
        """Return when every log is in the tables up to where it ends now, which is given. Raises Unavailable."""
        heads = {log: head for log, head in (await self._means.source.heads()).items() if log in self._filled}
        with suppress(Unavailable):  # stopped
            await asyncio.gather(*(self.followers.by_log[log].reach(head) for log, head in heads.items()))
        return heads

    @property
    def done(self) -> int:
        """How many events all tables have, as last known here."""
        return sum(filled.position for filled in self._filled.values())

    def behind(self, log: str) -> bool:
        """See Followed.behind; while ClickHouse is away its messages wait, and no queue is to blame."""
        return bool(log in self._filled and self.followers.by_log[log].troubles.any) or self.followers.behind(log)

    def passed_by(self, log: str) -> int:
        """See Followed.passed_by."""
        return self.followers.passed_by(log)

    async def highest(self) -> dict[tuple[str, ...], int]:
        """(table, log) -> the highest position in the table, whichever replica put it there. Raises Unavailable."""
        positions: dict[tuple[str, ...], int] = {}
        for name, table in self.tables.items():
            highest = await self._means.store.highest(table)
            positions |= {(name, log): highest.get(log, 0) for log in self._logs_of[name]}
        return positions

    @property
    def outdated(self) -> list[str]:
        """The tables that wait to be built anew."""
        names = {name for filled in self._filled.values() for name in filled.outdated}
        return sorted(name for name, table in self.tables.items() if table.name in names)

    @property
    def troubles(self) -> dict[str, str]:
        """Log -> why it does not go on just now."""
        failures = {log: follower.troubles.any for log, follower in self.followers.by_log.items()}
        failures["all logs"] = self._troubles.any
        return {log: str(failure) or type(failure).__name__ for log, failure in failures.items() if failure}

    async def health(self) -> Mapping[str, Any]:
        """How far each log is. Raises Unavailable: a log does not go on, or a table is outdated."""
        if troubles := self.troubles:
            raise Unavailable("facts are not kept just now", troubles=troubles)
        if outdated := self.outdated:
            raise Unavailable(f"to be built anew with `twinpath rebuild`: {', '.join(outdated)}")
        return {"logs": {log: filled.position for log, filled in self._filled.items()}}

    async def _look_at(self, name: str, table: Table) -> None:
        """First whether it is still the table that was known, since a missing one can be asked nothing else."""
        idle = [log for log in self._logs_of[name] if not self.followers.by_log[log].busy]
        identity = await self._means.store.identity(table)
        current = [log for log in idle if self._filled[log].knows(table, identity)]
        positions = {log: position for log in current if (position := self._filled[log].positions[table.name])}
        held = await self._means.store.holds(table, positions)
        for log in idle:
            if log not in current or not positions.keys() & {log} <= held:
                await self._filled[log].learn_anew(table)

    def _filled_log(self, log: str, following: Sequence[Facts]) -> FilledLog:
        means = self._means
        makings = [
            (table, Making(facts, table, means.source, means.seals, means.catalogue))
            for facts in following
            for table in [self.tables[facts.name]]
        ]
        return FilledLog(log, means.store, makings, self._inserting)

    async def _insert(self, table: Table, rows: Sequence[Row]) -> None:
        await self._means.store.insert(table, rows)
        self._on_insert(table.shown, len(rows))
