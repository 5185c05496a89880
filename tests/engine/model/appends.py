"""The append under model check: clients, several writers on one log, and a ledger of what they were told."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.engine.model.history import History
from tests.engine.model.loop import Process
from tests.engine.model.mongodb import ReplicaSet
from tests.engine.model.mongodb_language import Document
from twinpath.domain.events import Metadata, NewEvent
from twinpath.errors import ConcurrencyConflict, OutcomeUnknown, Unavailable
from twinpath.log.commits import UNIQUE_KEYS
from twinpath.log.interface import Appended, NewCommit
from twinpath.log.mongodb import MongoEventStore

KEYS = {"commits": [tuple(index.document["key"]) for index in UNIQUE_KEYS]}
_PATIENCE, _CLIENTS_PATIENCE = 2.0, 5.0
_METADATA = Metadata(datetime(2026, 3, 10, tzinfo=UTC), "tester", "c-1")
_STREAMS = ("repair-a", "repair-b")


class ConnectionLost(Exception):
    """The writer died, or was silent for too long."""


@dataclass(frozen=True)
class Command:
    """What a client wants appended; one that is not `persistent` gives up when it is refused."""

    id: str
    stream: str
    count: int
    persistent: bool
    shared: bool = False
    """Other clients send it too."""


@dataclass(eq=False)
class Attempt:
    """A call that is under way; a conflict is right when there was a moment at which it was true."""

    command: Command
    expected: int
    process: Process
    conflicts: bool = False


class Writer:
    """One replica of the command service, as far as the append goes."""

    def __init__(self, process: Process, store: MongoEventStore) -> None:
        self.process = process
        self.store = store
        self.calls: dict[asyncio.Future[Any], None] = {}


class Appends:
    """Writers and clients on one log. `settled` and `check` are for History.run."""

    partitions = 1

    def __init__(self, history: History, servers: ReplicaSet) -> None:
        self._history = history
        self._servers = servers
        self._writers: dict[str, Writer] = {}
        self._accepted: dict[str, Appended] = {}
        self._refused: set[str] = set()
        self._doubtful: set[str] = set()
        self._attempts: set[Attempt] = set()
        self._heads: defaultdict[str, int] = defaultdict(int)
        servers.on_majority = self._reached_majority
        history.steps.insert(0, servers.steps)
        history.faults.append(servers.faults)
        for number in range(1 + history.choose(3)):
            history.process(f"writer-{number}", self._start)
        clients = history.loop.process("clients")
        self._clients = [history.loop.spawn(clients, self._send_all(number)) for number in range(3)]

    def _start(self, process: Process) -> None:
        before = self._writers.get(process.name)
        client: Any = self._servers
        self._writers[process.name] = Writer(
            process, MongoEventStore(client, "log", ("repair",), self.partitions, _PATIENCE)
        )
        for call in list(before.calls) if before else ():
            if not call.done():
                call.set_exception(ConnectionLost())

    # what the clients do

    async def _send_all(self, client: int) -> None:
        choose = self._history.choose
        versions: defaultdict[str, int] = defaultdict(int)
        for number in range(3):
            name = f"shared-{number}" if choose(6) == 5 else f"{client}-{number}"
            command = Command(name, _STREAMS[choose(2)], 1 + choose(2), choose(4) < 3)
            if name.startswith("shared"):  # what several clients send is the same, or it would be refused
                command = Command(name, _STREAMS[number % 2], 1, persistent=True, shared=True)
            for _ in range(1 + (choose(5) == 4)):
                await self._send(command, versions, client + number)

    async def _send(self, command: Command, versions: dict[str, int], replica: int) -> None:
        while True:
            expected = versions[command.stream]
            replica += 1
            attempt = Attempt(command, expected, self._writer(replica).process)
            self._attempts.add(attempt)
            self._notice_conflicts()
            try:
                appended = await self._call(replica, partial(_append, command, expected))
            except (OutcomeUnknown, ConnectionLost):
                self._doubtful.add(command.id)
                self._refused.discard(command.id)
            except (ConcurrencyConflict, Unavailable) as error:
                self._was_refused(attempt, error)
                if not command.persistent:
                    return
                versions[command.stream] = await self._version(command.stream, replica, expected)
            else:
                self._was_accepted(command, appended)
                versions[command.stream] = appended.version
                return
            finally:
                self._attempts.discard(attempt)

    async def _version(self, stream: str, replica: int, known: int) -> int:
        try:
            events = await self._call(replica, lambda store: store.load(stream))
        except (ConnectionLost, Unavailable):
            return known
        return events[-1].version if events else 0

    def _writer(self, replica: int) -> Writer:
        return list(self._writers.values())[replica % len(self._writers)]

    async def _call(self, replica: int, work: Callable[[MongoEventStore], Awaitable[Any]]) -> Any:
        writer = self._writer(replica)
        answer: asyncio.Future[Any] = self._history.loop.create_future()
        writer.calls[answer] = None

        async def carry_out() -> Any:
            return await work(writer.store)

        def answered(task: asyncio.Task[Any]) -> None:
            if not answer.done():
                if error := task.exception():
                    answer.set_exception(error)
                else:
                    answer.set_result(task.result())

        self._history.loop.spawn(writer.process, carry_out()).add_done_callback(answered)
        try:
            async with asyncio.timeout(_CLIENTS_PATIENCE):
                return await answer
        except TimeoutError:
            raise ConnectionLost from None
        finally:
            writer.calls.pop(answer, None)

    # what must be true

    def _was_accepted(self, command: Command, appended: Appended) -> None:
        self._history.trace.append(f"client: {command.id} is accepted, {appended}")
        commit = self._servers.majority["commits"].get(command.id)
        assert commit is not None, f"{command.id} was accepted before it was durable"
        assert _place(commit) == (appended.version, appended.position), f"{command.id} does not stand where it was said"
        self._refused.discard(command.id)  # an earlier try of it
        before = self._accepted.setdefault(command.id, appended)
        assert (before.version, before.position) == (appended.version, appended.position)

    def _was_refused(self, attempt: Attempt, error: Exception) -> None:
        command = attempt.command
        self._history.trace.append(f"client: {command.id} is refused, {error}")
        if command.id in self._accepted:
            return  # a repetition: what was accepted stands
        if isinstance(error, ConcurrencyConflict):
            self._notice_conflicts()
            assert attempt.conflicts, f"{command.id} was refused, yet its expected version was right or it took effect"
        elif not command.shared and command.id not in self._doubtful:
            assert command.id not in self._servers.primary["commits"], f"{command.id} was refused, yet it took effect"
        if not command.persistent and command.id not in self._doubtful:
            self._refused.add(command.id)

    def _notice_conflicts(self) -> None:
        for attempt in self._attempts:
            commits = self._servers.seen_by(attempt.process)["commits"]
            version = max(
                (_place(one)[0] for one in commits.values() if one["stream"] == attempt.command.stream), default=0
            )
            attempt.conflicts |= attempt.command.id not in commits and version != attempt.expected

    def _reached_majority(self, collection: str, before: Document | None, after: Document) -> None:
        """A reader may come at any time, so the log must be whole after each single write."""
        assert before is None, f"{after['_id']} was written twice"
        for key, value in ((after["log"], "position"), (after["stream"], "version")):
            assert after[value] == self._heads[key] + 1, f"{key} goes from {value} {self._heads[key]} to {after[value]}"
            self._heads[key] += after["count"]
        said = [event["data"]["note"] for event in after["events"]]
        told = [note for other in self._servers.majority["commits"].values() for note in _notes(other)]
        assert all(told.count(note) == 1 for note in said), f"{after['_id']} took effect twice"
        self._notice_conflicts()

    def settled(self) -> bool:
        """Whether every client has its last answer."""
        return all(client.done() for client in self._clients)

    def check(self) -> None:
        """What was accepted stands, what was refused does not."""
        for client in self._clients:
            client.result()
        commits = self._servers.majority["commits"]
        for name, appended in self._accepted.items():
            assert _place(commits[name]) == (appended.version, appended.position), f"{name} was accepted, and is lost"
        for name in self._refused:
            assert name not in commits, f"{name} was refused, yet it took effect"


async def _append(command: Command, expected: int, store: MongoEventStore) -> Appended:
    events = [NewEvent("repair.note_added", 1, {"note": f"{command.id}/{n}"}) for n in range(command.count)]
    return await store.append(NewCommit(command.stream, events, expected, command.id, _METADATA, "f"))


def _place(commit: Document) -> tuple[int, int]:
    last = commit["count"] - 1
    return commit["version"] + last, commit["position"] + last


def _notes(commit: Document) -> list[str]:
    return [event["data"]["note"] for event in commit["events"]]


def play(
    tape: bytes,
    *,
    servers: type[ReplicaSet] = ReplicaSet,
    keys: Mapping[str, Sequence[tuple[str, ...]]] = KEYS,
) -> History:
    """One history; how it went. Raises Violation."""
    history = History(tape)
    world = Appends(history, servers(history.network, keys))
    history.run(world.settled, world.check)
    return history
