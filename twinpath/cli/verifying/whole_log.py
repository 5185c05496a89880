"""The commits of a running system as `twinpath verify` reads them: by an index, as a majority has them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING
from pymongo.read_concern import ReadConcern

from twinpath.cli.connection import Connection
from twinpath.log.commits import Commits, Document, commits_of, heads_of

_BATCH_COMMITS = 500


@dataclass(frozen=True)
class WholeLog:
    """Every log that there are commits of, also one that nobody should have, and the heads to look up to."""

    connection: Connection
    commits: Commits
    heads: dict[str, int]
    not_logs: list[Any]
    """The value that stands in place of a log's name in some commits."""

    @classmethod
    async def now(cls, connection: Connection) -> "WholeLog":
        """As it is now: what is appended from now on is not looked at."""
        heads = await connection.log.heads()
        commits = commits_of(connection.client, connection.settings.log_database)
        names = await commits.distinct("log")
        if others := [name for name in names if isinstance(name, str) and name not in heads]:
            heads |= await heads_of(commits, others)
        return cls(connection, commits, heads, [None, *(name for name in names if not isinstance(name, str))])

    @property
    def events(self) -> int:
        """How many there are, by the heads."""
        return sum(self.heads.values())

    async def read(self, log: str, order: list[str], fields: list[str] | None = None) -> AsyncIterator[Document]:
        """The commits of a log up to its head, or these fields of them, in this order."""
        head = self.heads[log]
        sort = [(name, ASCENDING) for name in order]
        commits = self.commits.find({"log": log}, fields, sort=sort, batch_size=_BATCH_COMMITS, allow_disk_use=True)
        async for commit in commits:
            position = commit.get("position")
            if not isinstance(position, int) or position <= head:
                yield commit

    async def ids(self) -> AsyncIterator[Document]:
        """Every commit's id, in order."""
        async for commit in self.commits.find({}, ["_id"], sort=[("_id", ASCENDING)], batch_size=10_000):
            yield commit

    async def marks(self) -> list[tuple[str, str, int]]:
        """The groups that have read or published a log up to which position: (who, log, position)."""
        settings, client = self.connection.settings, self.connection.client
        databases = {"relay_watermarks": settings.log_database, "process_checkpoints": settings.log_database}
        databases["checkpoints"] = settings.views_database
        marks = []
        for name, database in databases.items():
            kept = client[database].get_collection(name, read_concern=ReadConcern("majority"))
            async for mark in kept.find({}, ["position"]):
                who, _, log = mark["_id"].rpartition("/")
                marks.append((who or "the relay", log, int(mark["position"])))
        return marks

    async def without_log(self) -> AsyncIterator[Document]:
        """The commits that are in no log at all."""
        async for commit in self.commits.find({"log": {"$in": self.not_logs}}):
            yield commit
