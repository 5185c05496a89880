"""A MongoDB replica set in memory, for model checks: unique keys, write concern majority, elections that roll back.

A write counts at once on the primary, where the unique keys are; readers see it, and its writer is told, only when it
has reached a majority. An election takes back what had not. A client that has not heard of it reads from the old
primary for a while. tests/engine/contract/test_model_of_mongodb.py holds it against the real one.
"""

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import bson
from bson.codec_options import CodecOptions
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, WriteConcernError

from tests.engine.model.loop import Process, current_process
from tests.engine.model.mongodb_cursor import ModelCursor, Select
from tests.engine.model.mongodb_language import (
    Document,
    Replicated,
    State,
    Updated,
    Wrote,
    copied,
    inserted,
    matches,
    shared,
    updated,
)
from tests.engine.model.network import Condition, Network, Step, Work

_DUPLICATE_KEY = 11000
_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True)
_BEGAN = datetime(2026, 3, 10, tzinfo=UTC)


class ReplicaSet:
    """The servers. `keys` are the unique keys a collection has besides `_id`."""

    def __init__(self, network: Network, keys: Mapping[str, Sequence[tuple[str, ...]]]) -> None:
        self.network = network
        self._keys = keys
        self.primary: State = defaultdict(dict)
        self.majority: State = defaultdict(dict)
        self._waiting: list[tuple[str, Document]] = []
        """Writes that have not reached a majority, in order."""
        self._replicated = 0
        self._term = 0
        self._left_behind: dict[Process, State] = {}
        self._skew = timedelta()
        self.on_write: Wrote = lambda process, collection, before, after: None
        self.on_majority: Replicated = lambda collection, before, after: None

    # what may happen to it

    def steps(self) -> list[Step]:
        """Replication, and clients that hear of the new primary."""
        found: list[Step] = []
        if self._waiting:
            found.append(("a write reaches a majority", self._replicate))
        found += [
            (f"{process} hears of the new primary", partial(self._hear, process)) for process in self._left_behind
        ]
        return found

    def faults(self) -> list[Step]:
        """An election, and a clock that jumps."""
        jumps = [
            (f"the servers' clock: jumps by {seconds} s", partial(self._jump, seconds)) for seconds in (-20, 6, 60)
        ]
        return [("another primary is elected", self._elect), *jumps]

    def _replicate(self) -> None:
        collection, document = self._waiting.pop(0)
        before = self.majority[collection].get(document["_id"])
        self.majority[collection][document["_id"]] = document
        self._replicated += 1
        self.on_majority(collection, before, document)

    def _elect(self) -> None:
        old = copied(self.majority)
        for process in self.network.loop.processes:
            if process.alive:
                self._left_behind.setdefault(process, old)
        self._waiting.clear()
        self.primary = copied(self.majority)
        self._term += 1

    def _hear(self, process: Process) -> None:
        self._left_behind.pop(process, None)

    def _jump(self, seconds: int) -> None:
        self._skew += timedelta(seconds=seconds)

    @property
    def now(self) -> datetime:
        """What the servers' clocks say."""
        return _BEGAN + timedelta(seconds=self.network.loop.time()) + self._skew

    # what is asked of it

    def __getitem__(self, database: str) -> "ModelDatabase":
        return ModelDatabase(self)

    def get_database(self, name: str, **_: Any) -> "ModelDatabase":
        """See AsyncMongoClient.get_database."""
        return ModelDatabase(self)

    def readable(self, collection: str, process: Process) -> list[Document]:
        """What a read at majority sees, from the primary that this process knows of."""
        return list(self.seen_by(process)[collection].values())

    def seen_by(self, process: Process) -> State:
        """What has reached a majority, as far as the primary knows that this process knows of."""
        return self._left_behind.get(process, self.majority)

    def reaching(self, process: Process) -> int:
        """The term that a write of this process goes to. Raises AutoReconnect where it knows the old primary only."""
        if process in self._left_behind:
            self._hear(process)
            raise AutoReconnect("not primary any more")
        return self._term

    def meets(self, collection: str, document: Document, where: Document) -> bool:
        """Whether a document of the primary is one that an update is for."""
        return matches(document, where, self.now)

    def put(self, process: Process, collection: str, document: Document) -> None:
        """Write a document on the primary. Raises DuplicateKeyError."""
        before = self.primary[collection].get(document["_id"])
        for key in self._keys.get(collection, ()):
            others = (other for other in self.primary[collection].values() if other["_id"] != document["_id"])
            if met := [value for other in others if (value := shared(key, document, other)) is not None]:
                first = min(met, key=lambda value: [*value.values()])  # whosever it is
                details = {"keyPattern": dict.fromkeys(key, 1), "keyValue": first}
                raise DuplicateKeyError("E11000", _DUPLICATE_KEY, details)
        self.primary[collection][document["_id"]] = document
        self._waiting.append((collection, document))
        self.on_write(process, collection, before, document)

    def check(self, term: int) -> None:
        """Raises AutoReconnect when the primary of this term is no longer one."""
        if term != self._term:
            raise AutoReconnect("the primary stepped down")

    def durable(self, term: int) -> Generator[Condition | None, bool, bool]:
        """Wait until all that is written so far has reached a majority; False when that took too long."""
        at = self._replicated + len(self._waiting)
        if self._replicated >= at:
            return True
        impatient = yield lambda: self._replicated >= at or self._term != term
        self.check(term)
        return not impatient


class ModelDatabase:
    """As much of AsyncDatabase as is used."""

    def __init__(self, servers: ReplicaSet) -> None:
        self._servers = servers

    def get_collection(self, name: str, **_: Any) -> "ModelCollection":
        """See AsyncDatabase.get_collection; concerns are always majority."""
        return ModelCollection(self._servers, name)


class ModelCollection:
    """As much of AsyncCollection as is used; projections are not carried out."""

    def __init__(self, servers: ReplicaSet, name: str) -> None:
        self._servers = servers
        self._name = name

    database = client = property(lambda self: self)

    def start_session(self) -> AbstractAsyncContextManager[None]:
        """See AsyncMongoClient.start_session. A refused insert waits too here: a read then sees who was first."""
        return nullcontext()

    async def find_one(
        self, where: Document, projection: Any = None, sort: Any = None, session: None = None
    ) -> Document | None:
        """See AsyncCollection.find_one."""
        found = await self.find(where).sort(*(sort or [("_id", 1)])[0]).limit(1).to_list()
        return found[0] if found else None

    def find(self, where: Document, projection: Any = None) -> "ModelCursor":
        """See AsyncCollection.find."""
        return ModelCursor(partial(self.read, where))

    async def insert_many(self, documents: Sequence[Any], ordered: bool = True, session: None = None) -> None:
        """See AsyncCollection.insert_many."""
        assert ordered
        decoded = [bson.decode(document.raw, _CODEC) for document in documents]
        places = [
            f"{one['_id']} as {one.get('stream')}@{one.get('version')} at {one.get('position')}" for one in decoded
        ]
        await self._ask(f"inserts {', '.join(places)}", self._insert_many(decoded, current_process()))

    async def update_one(self, where: Document, update: Any, upsert: bool = False) -> Any:
        """See AsyncCollection.update_one."""
        return await self._ask(f"updates {where}", self._update([(where, update, upsert)], current_process()))

    async def bulk_write(self, updates: Sequence[Any], ordered: bool = True) -> Any:
        """See AsyncCollection.bulk_write, of UpdateOne."""
        meant = [(one._filter, one._doc, bool(one._upsert)) for one in updates]
        return await self._ask(
            f"updates {[(where, do) for where, do, _ in meant]}", self._update(meant, current_process())
        )

    async def find_one_and_update(
        self, where: Document, update: Any, upsert: bool = False, return_document: bool = False
    ) -> Document | None:
        """See AsyncCollection.find_one_and_update."""
        assert return_document
        result = await self._ask(f"takes {where}", self._update([(where, update, upsert)], current_process()))
        after: Document | None = result.after
        return after

    async def watch(self, pipeline: Any) -> Any:
        """See AsyncCollection.watch: it is away, as it may be; those who wait look by themselves."""
        raise AutoReconnect("no change stream here")

    async def read(self, where: Document, select: Select) -> list[Document]:
        """What a cursor reads."""
        process = current_process()

        def work() -> Work:
            found = self._servers.readable(self._name, process)
            return select([one for one in found if matches(one, where, self._servers.now)])
            yield  # a generator, of one step

        documents: list[Document] = await self._ask(f"reads {self._name} {where}", work())
        return documents

    async def _ask(self, what: str, work: Work) -> Any:
        return await self._servers.network.ask(what, work, lambda: AutoReconnect("the connection broke"))

    def _insert_many(self, documents: list[Document], process: Process) -> Work:
        servers = self._servers
        term = servers.reaching(process)
        failed: list[Document] = []
        for index, document in enumerate(documents):
            servers.check(term)
            try:
                if document["_id"] in servers.primary[self._name]:
                    raise DuplicateKeyError(
                        "E11000", _DUPLICATE_KEY, {"keyPattern": {"_id": 1}, "keyValue": {"_id": document["_id"]}}
                    )
                servers.put(process, self._name, document)
            except DuplicateKeyError as error:
                failed = [{"index": index, "code": _DUPLICATE_KEY, "errmsg": "E11000", **(error.details or {})}]
                break
            if index < len(documents) - 1:
                yield None
        durable = yield from servers.durable(term)
        doubts = [] if durable else [{"code": 64, "errmsg": "waiting for replication timed out"}]
        if failed or doubts:
            raise BulkWriteError({"writeErrors": failed, "writeConcernErrors": doubts})

    def _update(self, updates: Sequence[tuple[Document, Any, bool]], process: Process) -> Work:
        servers = self._servers
        term = servers.reaching(process)
        result = Updated()
        for number, (where, update, upsert) in enumerate(updates):
            if number:
                yield None
            servers.check(term)
            now = servers.now
            met = [one for one in servers.primary[self._name].values() if servers.meets(self._name, one, where)]
            if met:
                result.matched_count += 1
                result.after = updated(met[0], update, now)
                if result.after != met[0]:
                    servers.put(process, self._name, result.after)
            elif upsert:
                result.after = inserted(where, update, now)
                if result.after["_id"] in servers.primary[self._name]:
                    raise DuplicateKeyError("E11000", _DUPLICATE_KEY, {"keyPattern": {"_id": 1}})
                servers.put(process, self._name, result.after)
        if not (yield from servers.durable(term)):
            raise WriteConcernError("waiting for replication timed out", 64)
        return result
