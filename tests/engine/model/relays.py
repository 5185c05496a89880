"""The relay under model check: replicas that want to lead, a broker, and what may be published when."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.engine.model.appends import KEYS
from tests.engine.model.history import History
from tests.engine.model.loop import Process
from tests.engine.model.mongodb import ReplicaSet
from tests.engine.model.mongodb_language import Document
from tests.engine.model.network import Network, Step, Work
from twinpath.commands.relaying.progress import RelayProgress
from twinpath.commands.relaying.relay import Relay
from twinpath.domain.events import Metadata, NewEvent, RecordedEvent
from twinpath.errors import Unavailable, Unroutable
from twinpath.ids import log_of, logs_of
from twinpath.log.interface import NewCommit
from twinpath.log.mongodb import MongoEventStore

PARTITIONS, LEASE_SECONDS = 2, 6.0
LOGS = logs_of(("repair",), PARTITIONS)
_STREAMS = ("repair-a", "repair-b", "repair-d")
_MESSAGE_EVENTS = 2
_COMMITS = 6


class Broker:
    """Takes messages of a few events each, once a queue follows; says when an order is broken."""

    def __init__(self, network: Network, standing: Callable[[RecordedEvent], bool]) -> None:
        self._network = network
        self._standing = standing
        self._followed = False
        self.published: defaultdict[str, int] = defaultdict(int)

    async def publish(self, log: str, events: list[RecordedEvent]) -> None:
        """See EventPublisher.publish."""
        for start in range(0, len(events), _MESSAGE_EVENTS):
            await self._send(log, events[start : start + _MESSAGE_EVENTS])

    def steps(self) -> list[Step]:
        """Somebody follows at last."""
        return [] if self._followed else [("a queue is declared", self._follow)]

    async def _send(self, log: str, events: Sequence[RecordedEvent]) -> None:
        what = f"publishes {log} {events[0].position} to {events[-1].position}"
        await self._network.ask(what, self._taken(log, events), lambda: Unavailable("the broker is away"))

    def _taken(self, log: str, events: Sequence[RecordedEvent]) -> Work:
        if not self._followed:
            raise Unroutable("nobody follows")
        for event in events:
            known = self.published[log]
            assert event.position <= known + 1, f"{log} {event.position} is published when {known} was the last"
            assert self._standing(event), f"{log} {event.position} is published, but it is not in the log"
            self.published[log] = max(known, event.position)
        yield None

    def _follow(self) -> None:
        self._followed = True


class Relays:
    """Two replicas of the command service, and an author who appends. `settled` and `check` are for History.run."""

    def __init__(self, history: History, servers: ReplicaSet, publisher: type[Broker]) -> None:
        self._history = history
        self._servers = servers
        self._broker = publisher(history.network, self._stands)
        self._owners: dict[tuple[str, int], Process] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._terms = 0
        servers.on_write = self._wrote
        history.steps[:0] = [servers.steps, self._broker.steps]
        history.faults.append(servers.faults)
        for number in range(2):
            history.process(f"relay-{number}", self._start)
        self._author = history.loop.spawn(history.loop.process("author"), self._append_all())

    def _start(self, process: Process) -> None:
        self._terms += 1
        client: Any = self._servers
        progress = RelayProgress(client, "log", f"{process} {self._terms}", LEASE_SECONDS)
        store = MongoEventStore(client, "log", ("repair",), PARTITIONS)

        async def run() -> None:
            await Relay(store, self._broker, progress, LOGS, LEASE_SECONDS).run()

        self._running[process.name] = self._history.loop.spawn(process, run())

    async def _append_all(self) -> None:
        client: Any = self._servers
        store = MongoEventStore(client, "log", ("repair",), PARTITIONS)
        metadata = Metadata(datetime(2026, 3, 10, tzinfo=UTC), "tester", "c-1")
        versions: defaultdict[str, int] = defaultdict(int)
        for number in range(_COMMITS):
            stream = _STREAMS[self._history.choose(len(_STREAMS))]
            events = [NewEvent("repair.note_added", 1, {"note": str(number)})] * (1 + self._history.choose(3))
            while True:
                try:
                    appended = await store.append(NewCommit(stream, events, versions[stream], f"c-{number}", metadata))
                    break
                except Unavailable:
                    await asyncio.sleep(1.0)
            versions[stream] = appended.version
            await asyncio.sleep(float(self._history.choose(3)))

    # what must be true

    def _stands(self, event: RecordedEvent) -> bool:
        for commit in self._servers.majority["commits"].values():
            if commit["log"] == event.log and 0 <= event.position - commit["position"] < commit["count"]:
                return bool(commit["stream"] == event.stream and commit["events"][0]["data"] == event.data)
        return False

    def _wrote(self, process: Process, collection: str, before: Document | None, after: Document) -> None:
        if collection != "relay_watermarks":
            return
        log, epoch, position = after["_id"], after["epoch"], after["position"]
        if before is None or before["epoch"] != epoch:
            assert before is None or epoch > before["epoch"], f"{log} goes back to epoch {epoch}"
            owner = self._owners.setdefault((log, epoch), process)
            assert owner is process, f"two leaders have epoch {epoch} of {log}"
        owner = self._owners[log, epoch]
        assert owner is process, f"{process} moves the watermark of {log}, which is {owner}'s"
        assert position <= self._broker.published[log], f"the watermark of {log} is ahead of what is published"

    def settled(self) -> bool:
        """Whether everything is appended and published, and the watermarks say so."""
        for task in (self._author, *self._running.values()):
            if task.done():
                task.result()
        heads = self._heads()
        marks = self._servers.majority["relay_watermarks"]
        return self._author.done() and all(
            self._broker.published[log] == marks.get(log, {}).get("position") == heads[log] for log in LOGS
        )

    def check(self) -> None:
        """Nothing is left: what is published is checked as it is."""

    def _heads(self) -> Mapping[str, int]:
        heads = dict.fromkeys(LOGS, 0)
        for commit in self._servers.majority["commits"].values():
            log = log_of(commit["stream"], PARTITIONS)
            heads[log] = max(heads[log], commit["position"] + commit["count"] - 1)
        return heads


def play(tape: bytes, *, servers: type[ReplicaSet] = ReplicaSet, broker: type[Broker] = Broker) -> History:
    """One history; how it went. Raises Violation."""
    history = History(tape)
    world = Relays(history, servers(history.network, KEYS), broker)
    history.run(world.settled, world.check)
    return history
