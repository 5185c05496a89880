"""The projector under model check: two replicas on the same logs, and views that tell what was applied."""

import asyncio
import inspect
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.engine.model.consuming import Queues
from tests.engine.model.history import History
from tests.engine.model.loop import Process
from tests.engine.model.network import Network, Work
from tests.engine.workshop.application import EVENTS
from twinpath.domain.events import DomainEvent, Metadata, NewEvent, RecordedEvent, record
from twinpath.domain.projection import Projection
from twinpath.domain.views import Change, View, ViewChange
from twinpath.errors import Unavailable
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.applying.joint_commits import joint
from twinpath.projecting.following.projector import Projector
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove

LOGS = ("repair.0", "repair.1")
_EVENTS = 12
Poison = tuple[str, int]
"""A stream, and the version of the event that can't be applied."""

_METADATA = Metadata(datetime(2026, 3, 10, tzinfo=UTC), "tester", "c-1")


class Telling(Projection):
    """Its views tell which events it was given: a stream's versions in order, a log's count."""

    def happened(self, event: DomainEvent, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One more."""
        [view] = self.views
        yield Change(view.name, recorded.stream, append={"versions": recorded.version}, create=True)
        yield Change(view.name, recorded.log, increment={"count": 1}, create=True)


class First(Telling):
    """One of two."""

    name = "first"
    views = (View("first"),)


class Second(Telling):
    """The other one: it may be new when the history begins, and there may be an event that it can't apply."""

    name = "second"
    views = (View("second"),)

    def __init__(self, poison: Poison | None) -> None:
        self._poison = poison

    def happened(self, event: DomainEvent, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One more, unless it is the one."""
        if (recorded.stream, recorded.version) == self._poison:
            raise ValueError("poison")
        return super().happened(event, recorded)


class Remote:
    """A store over the network: each call is one indivisible step there, and `changed` is told of it."""

    def __init__(self, network: Network, stored: Any, changed: Callable[[], None]) -> None:
        self.stored = stored
        self._network = network
        self._changed = changed

    def __getattr__(self, name: str) -> Any:
        meant = getattr(self.stored, name)
        if inspect.iscoroutinefunction(meant):
            return partial(self.ask, name)
        return meant if callable(meant) else Remote(self._network, meant, self._changed)

    async def ask(self, name: str, *arguments: Any) -> Any:
        """One call of the store."""
        moves: Sequence[CheckpointMove] = arguments[0].moves if name == "commit" else ()
        told = ", ".join(f"{move.projection} {move.log} {move.expected} to {move.position}" for move in moves)
        work = self._work(name, arguments)
        return await self._network.ask(f"has the views {name} {told}", work, lambda: Unavailable("the views are away"))

    def _work(self, name: str, arguments: Sequence[Any]) -> Work:
        yield None  # on its way
        answer = at_once(getattr(self.stored, name)(*arguments))
        if name == "commit":
            self._changed()
        return answer


class Views(Remote):
    """The view store as the projector's replicas have it."""


class Log:
    """An EventLog over the network."""

    def __init__(self, network: Network) -> None:
        self.events: defaultdict[str, list[RecordedEvent]] = defaultdict(list)
        self._network = network
        self._versions: defaultdict[str, int] = defaultdict(int)

    def append(self, log: str, stream: str) -> None:
        """One more event, and it is durable."""
        self._versions[stream] += 1
        events = self.events[log]
        new = NewEvent("repair.note_added", 1, {"note": f"{stream} {self._versions[stream]}"})
        events.append(record(new, stream, self._versions[stream], log, len(events) + 1, _METADATA))

    async def published(self) -> dict[str, int]:
        """See EventLog.published."""
        return {log: len(events) for log, events in self.events.items()}

    async def read_log(
        self, log: str, after_position: int, limit: int, types: Collection[str] | None = None
    ) -> list[RecordedEvent]:
        """See EventLog.read_log; a projector takes all types."""
        found: list[RecordedEvent] = await self._ask(
            f"reads {log} after {after_position}", lambda: self.events[log][after_position : after_position + limit]
        )
        return found

    async def read_stream(self, log: str, stream: str, after_version: int, limit: int) -> list[RecordedEvent]:
        """See EventLog.read_stream."""
        events = self.events[log]
        found: list[RecordedEvent] = await self._ask(
            f"reads {stream} after {after_version}",
            lambda: [one for one in events if one.stream == stream and one.version > after_version][:limit],
        )
        return found

    async def heads(self) -> dict[str, int]:
        """See EventLog.heads."""
        found: dict[str, int] = await self._ask("reads the heads", lambda: {log: len(self.events[log]) for log in LOGS})
        return found

    async def _ask(self, what: str, read: Callable[[], Any]) -> Any:
        def work() -> Work:
            yield None
            return read()

        return await self._network.ask(what, work(), lambda: Unavailable("the log is away"))


class Projectors:
    """Two replicas of the projector, and an author. `settled` and `check` are for History.run."""

    def __init__(self, history: History, views: type[Views], queues: type[Queues]) -> None:
        self._history = history
        self._stored = InMemoryViewStore()
        self._views = views(history.network, self._stored, self._changed)
        self._log = Log(history.network)
        self._queues = queues(history.loop, history.network, self._acknowledged)
        self._replicas: dict[str, tuple[Process, Projector]] = {}
        history.steps[:0] = [self._queues.steps]
        history.faults.append(self._queues.faults)
        already = history.choose(_EVENTS)
        self._none_is_new = already == 0
        self._project_some(already)
        poisoned = (f"repair-{history.choose(2)}{history.choose(2)}", 1 + history.choose(6))
        self._poison = poisoned if history.choose(3) == 2 else None
        for number in range(2):
            history.process(f"projector-{number}", self._start)
        self._author = history.loop.spawn(history.loop.process("author"), self._append_all())

    def _project_some(self, count: int) -> None:
        """What is there when the history begins: one projection has it, the other is new."""
        at_once(self._stored.prepare(First.views, [(First.name, log) for log in LOGS]))
        for _ in range(count):
            self._append()
        projection = First()
        for log, events in self._log.events.items():
            decoded = [(EVENTS.decode(event), event) for event in events]
            changes = [change for event, recorded in decoded for change in projection.changes(event, recorded)]
            at_once(self._stored.commit(Batch(changes, [CheckpointMove(First.name, log, 0, len(events))])))

    def _append(self) -> str:
        log = LOGS[self._history.choose(len(LOGS))]
        self._log.append(log, f"repair-{log[-1]}{self._history.choose(2)}")
        return log

    async def _append_all(self) -> None:
        for _ in range(_EVENTS // 2):
            count = 1 + self._history.choose(3)
            log = self._append()
            for _ in range(count - 1):
                self._log.append(log, f"repair-{log[-1]}{self._history.choose(2)}")
            self._queues.publish(log, self._log.events[log][-count:])
            await asyncio.sleep(0.3 * self._history.choose(3))

    def _start(self, process: Process) -> None:
        if before := self._replicas.get(process.name):
            self._queues.gone(before[0])
        seals = Seals(InMemoryKeyStore(), EVENTS)

        async def run() -> None:
            projections = [First(), Second(self._poison)]
            joined = joint(self._views)
            projector = Projector(projections, LOGS, self._log, joined, seals, EVENTS, self._applied)
            self._replicas[process.name] = (process, projector)
            await projector.start()
            self._queues.consume(process, projector.project)

        self._history.loop.spawn(process, run())

    # what must be true

    def _changed(self) -> None:
        """After each single step of the store: the views show the log up to the checkpoint, each event once.

        Of a stream with a poison event they show what came before it, and the rest is parked.
        """
        for (projection, log), position in at_once(self._stored.checkpoints()).items():
            applied = self._log.events[log][:position]
            total = 0
            for stream in {event.stream for event in self._log.events[log]}:
                versions = [event.version for event in applied if event.stream == stream]
                poison = projection == Second.name and self._poison is not None and self._poison[0] == stream
                end = self._poison[1] - 1 if poison and self._poison else len(versions)
                shown = (at_once(self._stored.get(projection, stream)) or {"versions": []})["versions"]
                assert shown == versions[:end], f"{projection} shows {shown} of {stream}, not {versions[:end]}"
                parked = at_once(self._stored.parked.get(projection, stream))
                waiting = [] if parked is None else list(range(parked.version, parked.last + 1))
                assert waiting == versions[end:], f"{projection} parks {waiting} of {stream}, not {versions[end:]}"
                total += len(shown)
            counted = at_once(self._stored.get(projection, log)) or {"count": 0}
            assert counted["count"] == total, f"{projection} shows a count of {counted['count']}, not {total}"

    def _applied(self, applied: Applied) -> None:
        checkpoints = at_once(self._stored.checkpoints())
        for move in applied.moves:
            committed = checkpoints[move.projection, move.log] >= move.position
            self._history.expect(committed, f"{move} is told before it is committed")

    def _acknowledged(self, log: str, events: Sequence[RecordedEvent]) -> None:
        """A projection that is new may be late, and is not waited for."""
        checkpoints = at_once(self._stored.checkpoints())
        for projection in (First, Second) if self._none_is_new else (First,):
            committed = checkpoints.get((projection.name, log), 0) >= events[-1].position
            self._history.expect(committed, f"{log} {events[-1].position} is acknowledged when it is not committed")

    def settled(self) -> bool:
        """Whether every projection has everything."""
        checkpoints = at_once(self._stored.checkpoints())
        heads = {log: len(self._log.events[log]) for log in LOGS}
        return (
            self._author.done()
            and len(checkpoints) == 2 * len(LOGS)
            and all(position == heads[log] for (_, log), position in checkpoints.items())
        )

    def check(self) -> None:
        """What the views show at the end."""
        self._author.result()
        self._changed()


def at_once(call: Coroutine[Any, Any, Any]) -> Any:
    """The answer of a call that waits for nothing."""
    try:
        call.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


def play(tape: bytes, *, views: type[Views] = Views, queues: type[Queues] = Queues) -> History:
    """One history; how it went. Raises Violation."""
    history = History(tape)
    world = Projectors(history, views, queues)
    history.run(world.settled, world.check)
    return history
