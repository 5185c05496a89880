"""Runs a process's handlers: decodes an event, hands it to its method with a `Then`, carries out what that asks for.

A command's id derives from the event and the command's stored name, so an event that is handled again (a restart,
another replica, a redelivery) gets the first answers. (A process manager: Hohpe and Woolf, Enterprise Integration
Patterns, 2003.)
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar, cast

from twinpath.commands.envelope import Envelope
from twinpath.commands.processes.due_timers import DueTimers
from twinpath.commands.processes.following import Handling
from twinpath.commands.processes.means import Means, derived_id
from twinpath.commands.processes.timers import Timer
from twinpath.domain.aggregate import Command
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.handlers import handler_names
from twinpath.domain.process import Outcome, Process, Then

_Event = TypeVar("_Event", bound=DomainEvent)

Handler = Callable[[DomainEvent, Then], Awaitable[None]]


class Reactions(Handling):
    """The handlers of one process, ready to take recorded events: a Handling."""

    def __init__(self, process: Process, means: Means) -> None:
        self.name = process.name
        self.since = process.since
        self._means = means
        self._timers = DueTimers(process, means)
        kind: type = type(process)
        names = handler_names(kind, Process)
        self._handlers: dict[str, Handler] = {event.type: getattr(process, name) for event, name in names.items()}
        self.types = frozenset(self._handlers)

    async def handle(self, recorded: RecordedEvent) -> None:
        """Carry out what follows from an event; may be called for the same one again.

        Raises UnknownEvent, Unavailable, and whatever the handler raises.
        """
        event = self._means.catalogue.decode(recorded)
        await self._handlers[recorded.type](event, _Reaction(self.name, recorded, self._means))

    async def carry_out_due(self) -> int:
        return await self._timers.carry_out()

    async def parked_timers(self) -> int:
        return await self._timers.parked()


class _Reaction(Then):
    """A Then."""

    def __init__(self, process: str, recorded: RecordedEvent, means: Means) -> None:
        self._process = process
        self._recorded = recorded
        self._means = means
        self._sent: set[str] = set()

    @property
    def recorded(self) -> RecordedEvent:
        return self._recorded

    @property
    def at(self) -> datetime:
        return self._means.clock()

    async def about(self, owner: str, category: str) -> Sequence[str]:
        """See Then.about."""
        return await self._means.store.streams_about(owner, category)

    async def send(self, command: Command, *, key: str = "") -> Outcome:
        cause = self._recorded
        command_id = self._fresh(command, key)
        await self._means.bus.handle(
            Envelope(
                command,
                actor=self._process,
                correlation_id=cause.correlation_id,
                causation_id=cause.id,
                traceparent=cause.traceparent,
                derived_id=command_id,
            )
        )
        return _Outcome(command_id, self._means)

    async def send_all(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        outcomes = await asyncio.gather(*map(self.send, commands), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return cast(Sequence[Outcome], outcomes)

    async def after(
        self,
        wait: timedelta,
        command: Command,
        *,
        kind: str | None = None,
        unless: type[DomainEvent] | None = None,
        key: str = "",
    ) -> None:
        cause = self._recorded
        timer = Timer(
            process=self._process,
            kind=kind or command.type,
            stream=command.stream,
            due=cause.at + wait,
            command=command.type,
            payload=command.model_dump_json(exclude={"at"}),
            cause=cause.id,
            cause_at=cause.at,
            correlation_id=cause.correlation_id,
            key=key,
            unless=unless.type if unless else None,
        )
        await self._means.timers.put(timer)

    async def cancel(self, kind: str, stream: str | None = None) -> None:
        await self._means.timers.cancel(self._process, kind, stream or self._recorded.stream)

    def _fresh(self, command: Command, key: str) -> str:
        command_id = derived_id(self._recorded.id, command, key)
        if command_id in self._sent:
            raise TypeError(f"{command.type} is sent to {command.stream} twice for one event: give each a `key`")
        self._sent.add(command_id)
        return command_id


@dataclass(frozen=True, slots=True)
class _Outcome(Outcome):
    """An Outcome: read from the commit of the command when it is asked for."""

    command_id: str
    means: Means

    async def events(self) -> Sequence[DomainEvent]:
        commit = await self.means.store.commit_of(self.command_id)
        return [self.means.catalogue.decode(recorded) for recorded in (commit.events if commit else ())]

    async def first(self, kind: type[_Event]) -> _Event | None:
        return next((event for event in await self.events() if isinstance(event, kind)), None)
