"""What `twinpath verify` checks, one class each; whoever has another promise to check adds it to `all_checks`.

A check reads in an index's order and remembers only the last document, so its memory does not grow with the log. While
the system works, each stops at the heads that were read first.
"""

from collections.abc import AsyncIterator

from twinpath.cli.connection import Connection
from twinpath.cli.progress import Advance
from twinpath.cli.verifying.check import Check
from twinpath.cli.verifying.claims import HeldClaims
from twinpath.cli.verifying.facts import facts_checks
from twinpath.cli.verifying.snapshots import SnapshotsAgainstFold
from twinpath.cli.verifying.views import Folding, view_checks
from twinpath.cli.verifying.whole_log import WholeLog
from twinpath.domain.events import SEALED
from twinpath.log.commits import UNIQUE_KEYS
from twinpath.log.verification import Finding, IdRule, PositionRule, VersionRule, erases, unerased, unreadable

_MOST_EVENTS = 1000
"""At hand at once, unless one commit alone holds more."""


async def all_checks(connection: Connection, folding: Folding | None) -> list[Check]:
    """Every check, in the order in which they make sense; views are folded only when it is said how."""
    log = await WholeLog.now(connection)
    of_log: list[Check] = [UniqueKeys(log), Events(log), Versions(log), CommandIds(log), Progress(log)]
    of_log += [HeldClaims(log), SnapshotsAgainstFold(connection)]
    of_log += facts_checks(connection)
    return of_log if folding is None else [*of_log, *await view_checks(connection, folding)]


class _OfLog(Check):
    def __init__(self, log: WholeLog) -> None:
        self._log = log


class UniqueKeys(_OfLog):
    """The unique keys, which decide every race, are there; `_id`'s always is."""

    name, unit = "unique keys", "keys"

    async def size(self) -> int:
        return len(UNIQUE_KEYS)

    async def findings(self, advance: Advance) -> AsyncIterator[Finding]:
        indexes = (await self._log.commits.index_information()).values()
        unique = [[field for field, _ in index["key"]] for index in indexes if index.get("unique")]
        for index in UNIQUE_KEYS:
            fields = list(index.document["key"])
            if fields not in unique:
                yield Finding(self.name, "a unique key is missing", f"({', '.join(fields)}) is unique", "no such index")
            advance(1)


class Events(_OfLog):
    """Each log is gapless, each commit whole and in its stream's log, each event readable, each erasure carried out."""

    name, unit = "events", "events"

    async def size(self) -> int:
        return self._log.events

    async def findings(self, advance: Advance) -> AsyncIterator[Finding]:
        async for commit in self._log.without_log():
            yield Finding(self.name, "a commit is in no log", "a log's name", repr(commit.get("log")), None, None, None)
        for log, head in self._log.heads.items():
            rule = PositionRule(log, self._log.connection.partitions)
            async for commit in self._log.read(log, ["log", "position"]):
                for finding in rule.look(commit):
                    yield finding
                if len(rule.events) >= _MOST_EVENTS:
                    for finding in await self._unreadable(rule, advance):
                        yield finding
            for finding in (*await self._unreadable(rule, advance), *rule.end(head)):
                yield finding

    async def _unreadable(self, rule: PositionRule, advance: Advance) -> list[Finding]:
        events, rule.events = rule.events, []
        seals, catalogue = self._log.connection.seals, self._log.connection.events
        opened, owners = await seals.open_of(events)
        erasures = [event for event in events if erases(event, catalogue)]
        gone = await seals.erased_since(frozenset(event.stream for event in erasures))
        advance(len(events))
        findings = [unerased(event) for event in erasures if event.stream not in gone]
        for stored, readable in zip(events, opened, strict=True):
            has_key = SEALED in stored.data and stored.data[SEALED]["of"] in owners
            if (finding := unreadable(stored, readable, has_key, catalogue)) is not None:
                findings.append(finding)
        return findings


class _OfCommits(_OfLog):
    unit = "commits"

    async def size(self) -> int:
        return await self._log.commits.estimated_document_count()


class Versions(_OfCommits):
    """Each stream's versions have no gap, and come in the order of their positions."""

    name = "versions"

    async def findings(self, advance: Advance) -> AsyncIterator[Finding]:
        for log in self._log.heads:
            rule = VersionRule()
            fields = ["log", "stream", "version", "position", "count"]
            async for commit in self._log.read(log, ["log", "stream", "version"], fields):
                for finding in rule.look(commit):
                    yield finding
                advance(1)


class CommandIds(_OfCommits):
    """No command took effect twice. (A sharded collection's `_id` is unique only within a shard.)"""

    name = "command ids"

    async def findings(self, advance: Advance) -> AsyncIterator[Finding]:
        rule = IdRule()
        async for commit in self._log.ids():
            for finding in rule.look(commit):
                yield finding
            advance(1)


class Progress(_OfLog):
    """Nobody has got beyond the end of a log, as they would have if its end had been lost after they read it."""

    name, unit = "progress", "marks"

    async def size(self) -> int:
        return len(await self._log.marks())

    async def findings(self, advance: Advance) -> AsyncIterator[Finding]:
        marks = await self._log.marks()
        heads = await self._log.connection.log.heads()  # after the marks, which follow them
        for who, log, position in marks:
            if position > heads.get(log, 0):
                problem = f"{who} has got beyond the end of the log"
                yield Finding(self.name, problem, f"at most {heads.get(log, 0)}", str(position), log)
            advance(1)
