"""What a process is: a name, and one async method an event, which sends commands and sets timers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from twinpath.domain.aggregate import Command
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.ids import expect_name

_Event = TypeVar("_Event", bound=DomainEvent)


class Outcome(Protocol):
    """What became of a command, now or when it was carried out before."""

    async def events(self) -> Sequence[DomainEvent]:
        """The events of the command; none where it changed nothing. Raises Unavailable."""

    async def first(self, kind: type[_Event]) -> _Event | None:
        """The first event of this kind, or None. Raises Unavailable."""


class Then(Protocol):
    """What a handler may do about its event. Every call raises Unavailable while a store is away.

    A command that was sent before, by an earlier run of the handler for the same event, is answered with its first
    answer and changes nothing. What makes it the same is the event, the command's stored name, its stream and `key`,
    which tells apart several commands of one kind to one stream; a run that sends the same one twice is a TypeError.
    """

    @property
    def recorded(self) -> RecordedEvent:
        """The event as the log has it: its stream, version, time."""

    @property
    def at(self) -> datetime:
        """Now, by the engine's clock, in UTC: for the `at` of commands."""

    async def about(self, owner: str, category: str) -> Sequence[str]:
        """The ids of the aggregates of a category that hold personal data of this owner, as far as they are written
        by now."""
        ...

    async def send(self, command: Command, *, key: str = "") -> Outcome:
        """Have a command carried out. Raises RuleViolation and NotFound as its rules do."""

    async def send_all(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        """Have commands carried out side by side, so that they share inserts; waits for all, raises the first error."""

    async def after(
        self,
        wait: timedelta,
        command: Command,
        *,
        kind: str | None = None,
        unless: type[DomainEvent] | None = None,
        key: str = "",
    ) -> None:
        """Set a timer: the command is carried out when `wait` has passed since the event, with the time of then.

        It is named by its kind (the command's stored name unless given) and the command's stream; a later event that
        sets the same one replaces it. It ends without effect when the stream has an event `unless` by then, later than
        this event where that is of the same stream, or when a rule refuses the command. It is stored as it is, so it
        must hold no personal data.
        """

    async def cancel(self, kind: str, stream: str | None = None) -> None:
        """Forget a timer of this kind for a stream, the event's own unless given; a missing timer is fine."""


class Process:
    """A process manager: what follows from events and from the passing of time.

    Each public method whose first parameter is annotated with an event takes that event, and a `Then`:
    `async def placed(self, event: OrderPlaced, then: Then) -> None`. It runs again from its beginning after a crash or
    a failure, so it decides from the event, its settings and outcomes alone; fields of personal data are None in the
    event. When it keeps failing, the event and those after it in its stream are parked for this process.

    `since` says where a new process begins: with the whole log, or with what comes after its first start. `settings`
    are those of the command service.
    """

    name: ClassVar[str]
    since: ClassVar[Literal["beginning", "now"]] = "beginning"

    def __init_subclass__(cls) -> None:
        if "name" in vars(cls):
            expect_name("process", cls.name)

    def __init__(self, settings: Any = None) -> None:
        self.settings = settings

    def old_timer(self, kind: str, stream: str, at: datetime) -> Command | None:
        """The command of a timer of version 0.1, which stored none; None where the kind is not of this process."""
        return None
