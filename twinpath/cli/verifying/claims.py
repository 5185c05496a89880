"""The part of `twinpath verify` that folds every stream that can claim something, and compares it with what is held."""

import asyncio
from collections.abc import AsyncIterator

from pymongo import ASCENDING

from twinpath.cli.progress import Advance
from twinpath.cli.verifying.check import Check
from twinpath.cli.verifying.folded_claims import StreamClaims, fold_claims
from twinpath.cli.verifying.whole_log import WholeLog
from twinpath.log.commits import Document, find_holders
from twinpath.log.verification import Finding

_LOOKS = 3
_PAUSE_SECONDS = 0.2


class ClaimReader:
    """Reads what streams claim and hold, all of them or one."""

    def __init__(self, log: WholeLog) -> None:
        self._log = log
        self._aggregates = log.connection.application.deciders

    async def logs(self) -> list[str]:
        """Those of aggregates with claims, and those that hold keys of one that claimed something once."""
        claiming = {category for category, aggregate in self._aggregates.items() if aggregate.claims is not None}
        holding = set(await self._log.commits.distinct("log", {"claims": {"$exists": True}}))
        return [name for name in self._log.heads if name.partition(".")[0] in claiming or name in holding]

    async def streams(self) -> AsyncIterator[StreamClaims]:
        """Every stream of these logs, up to the heads."""
        for log in await self.logs():
            async for stream in self._folded(self._log.read(log, ["log", "stream", "version"])):
                yield stream

    async def now(self, log: str, stream: str) -> StreamClaims:
        """One stream as it is now.

        Its commits are read from the first to the last, and a release comes before the key is taken out: so a claim
        that the stream has in the end was there when its commit was read, unless it is missing.
        """
        commits = self._log.commits.find({"log": log, "stream": stream}, sort=[("version", ASCENDING)])
        claims = StreamClaims(stream, log)
        async for folded in self._folded(commits):
            claims = folded
        return claims

    def _folded(self, commits: AsyncIterator[Document]) -> AsyncIterator[StreamClaims]:
        connection = self._log.connection
        return fold_claims(commits, self._aggregates, connection.events, connection.seals)


class HeldClaims(Check):
    """Each claim of a stream is held by one commit, of that stream; a held key that nobody claims is but a leftover."""

    name, unit = "claims", "events"

    def __init__(self, log: WholeLog) -> None:
        self._log = log
        self._reader = ClaimReader(log)

    async def size(self) -> int:
        return sum(self._log.heads[log] for log in await self._reader.logs())

    async def findings(self, advance: Advance) -> AsyncIterator[Finding]:
        async for stream in self._reader.streams():
            if stream.missing or stream.leftover:
                for finding in await self._wrong(stream):
                    yield finding
            advance(stream.events)
        async for finding in self._doubled():
            yield finding

    async def _wrong(self, seen: StreamClaims) -> list[Finding]:
        """The faults of a stream, looked at again, as it may have moved on meanwhile."""
        for look in range(_LOOKS):
            stream = await self._reader.now(seen.log, seen.stream)
            if not stream.missing and not stream.leftover:
                return []
            if look < _LOOKS - 1:
                await asyncio.sleep(_PAUSE_SECONDS)
        holders = await find_holders(self._log.commits, stream.missing)
        place = (stream.log, None, stream.stream)
        findings = []
        for key in stream.missing:
            expected, holder = f"a commit of the stream holds {key}", holders.get(key)
            warning = holder is not None and key in stream.yielded
            findings.append(Finding(self.name, "a claim is not held", expected, _who(holder), *place, warning=warning))
        problem = "a key is held that its stream no longer claims"
        return findings + [
            Finding(self.name, problem, "no commit", key, *place, warning=True) for key in stream.leftover
        ]

    async def _doubled(self) -> AsyncIterator[Finding]:
        """Keys that two commits hold, as is possible only without the unique key."""
        stages: list[Document] = [
            {"$match": {"claims": {"$exists": True}}},
            {"$unwind": "$claims"},
            {"$group": {"_id": "$claims", "commits": {"$sum": 1}, "stream": {"$first": "$stream"}}},
            {"$match": {"commits": {"$gt": 1}}},
        ]
        async for doubled in await self._log.commits.aggregate(stages, allowDiskUse=True):
            problem, actual = "a key is held twice", f"{doubled['commits']} commits hold {doubled['_id']}"
            yield Finding(self.name, problem, "one commit", actual, None, None, doubled["stream"])


def _who(holder: Document | None) -> str:
    return "no commit does" if holder is None else f"one of {holder['stream']} does"
