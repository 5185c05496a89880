"""A broker's queues under model check: one active consumer a log, redelivery, lost messages, consumers taken away."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tests.engine.model.loop import ModelLoop, Process
from tests.engine.model.network import Network, Step, Work
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable

_PREFETCH = 3

Handler = Callable[[str, Sequence[RecordedEvent]], Awaitable[None]]
Acknowledged = Callable[[str, Sequence[RecordedEvent]], None]


@dataclass(eq=False)
class Delivery:
    """A message in a consumer's hands."""

    process: Process
    events: Sequence[RecordedEvent]


class Queues:
    """A queue a log. A consumer that is taken away may not know it, and go on with what it has."""

    def __init__(self, loop: ModelLoop, network: Network, acknowledged: Acknowledged) -> None:
        self._loop = loop
        self._network = network
        self._acknowledged = acknowledged
        self._handlers: dict[Process, Handler] = {}
        self._waiting: defaultdict[str, deque[Sequence[RecordedEvent]]] = defaultdict(deque)
        self._taken: defaultdict[str, list[Delivery]] = defaultdict(list)
        self._active: dict[str, Process] = {}

    def publish(self, log: str, events: Sequence[RecordedEvent]) -> None:
        """Put a message at the end of its queue."""
        self._waiting[log].append(events)

    def consume(self, process: Process, handler: Handler) -> None:
        """A process is ready to consume; of those that are, one has each log."""
        self._handlers[process] = handler

    def gone(self, process: Process) -> None:
        """A process has crashed, and its connection with it."""
        self._handlers.pop(process, None)
        for log in [log for log, active in self._active.items() if active is process]:
            self._take_away(log)

    def steps(self) -> list[Step]:
        """Deliveries, and consumers that become the active one."""
        found: list[Step] = []
        for log, waiting in self._waiting.items():
            if waiting and log not in self._active:
                found += [(f"{process} has {log}", partial(self._activate, log, process)) for process in self._handlers]
            elif waiting and len(self._taken[log]) < _PREFETCH:
                found.append((f"{self._active[log]} gets {log} {_named(waiting[0])}", partial(self._deliver, log)))
        return found

    def faults(self) -> list[Step]:
        """A consumer that is taken away while it is at work, a message that is lost or comes twice."""
        found: list[Step] = []
        for log in self._active:
            found.append((f"{log}: its consumer is taken away", partial(self._take_away, log)))
        for log, waiting in self._waiting.items():
            if waiting:
                found.append((f"{log}: a message is lost", partial(waiting.remove, waiting[0])))
                found.append((f"{log}: a message comes twice", partial(waiting.append, waiting[0])))
                found.append((f"{log}: a message comes late", partial(waiting.rotate, -1)))
        return found

    def _activate(self, log: str, process: Process) -> None:
        self._active[log] = process

    def _take_away(self, log: str) -> None:
        del self._active[log]
        self._waiting[log].extendleft(delivery.events for delivery in reversed(self._taken[log]))
        self._taken[log].clear()

    def _deliver(self, log: str) -> None:
        delivery = Delivery(self._active[log], self._waiting[log].popleft())
        self._taken[log].append(delivery)
        self._loop.spawn(delivery.process, self._handle(log, delivery))

    async def _handle(self, log: str, delivery: Delivery) -> None:
        try:
            await self._handlers[delivery.process](log, delivery.events)
        except Unavailable:
            await asyncio.Event().wait()  # it is stopping
        self._acknowledged(log, delivery.events)
        what = f"acknowledges {log} {_named(delivery.events)}"
        await self._network.ask(what, self._ended(log, delivery), lambda: Unavailable("the broker is away"))

    def _ended(self, log: str, delivery: Delivery) -> Work:
        if delivery in self._taken[log]:
            self._taken[log].remove(delivery)
        yield None


def _named(events: Sequence[RecordedEvent]) -> str:
    return f"{events[0].position} to {events[-1].position}"
