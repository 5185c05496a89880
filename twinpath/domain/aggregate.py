"""The shape of every aggregate: commands in, events out, a state folded from them, and the endpoints of its commands.

The Aggregate pattern: Jérémie Chassaing, "Functional Event Sourcing Aggregate", 2021.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from twinpath.domain.claim import Claim
from twinpath.domain.events import DomainEvent

_Command = TypeVar("_Command", bound="Command")
_Event = TypeVar("_Event", bound=DomainEvent)
_State = TypeVar("_State")

Look = Callable[[str], Coroutine[Any, Any, Any]]
"""Takes the id of an aggregate, gives its state as it is now, None where there is none. Raises Unavailable."""

LookUp = Callable[[Look, Any], Awaitable[Any]]
"""Takes a look and the body of a command, gives the value of a field that the command can't know by itself."""


class Command(BaseModel):
    """What somebody wants done. The time and every looked-up fact come in with it, so that a rule never asks for them.

    `type` is the stored name, as bulk requests, metrics and derived ids have it: `open_ticket`. `target` names the
    field that holds the aggregate's id; with `creates` that id is fresh. `looked_up` says how fields are found that no
    body holds, such as today's prices.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]
    target: ClassVar[str]
    creates: ClassVar[bool] = False
    looked_up: ClassVar[Mapping[str, LookUp]] = {}

    at: datetime

    @property
    def stream(self) -> str:
        """Id of the aggregate, which is its stream's name."""
        return str(getattr(self, self.target))

    @classmethod
    def stored_name(cls) -> str:
        """The name in fingerprints and derived ids: `OpenTicket` for `open_ticket`, the form of the first version."""
        return "".join(word.capitalize() for word in cls.type.split("_"))

    def content(self) -> bytes:
        """What makes two commands the same: everything but the time, what was looked up, and a fresh id."""
        generated = {"at", self.target} if self.creates else {"at"}
        return f"{self.stored_name()}{self.model_dump_json(exclude=generated | self.looked_up.keys())}".encode()


@dataclass(frozen=True)
class CommandEndpoint:
    """How callers reach a command over HTTP: everything that its route, bulk name and OpenAPI page are made from.

    `path` stands below the aggregate's: `""` or `/{id}/close`. `allow` is the permission that a caller needs.
    """

    method: Literal["POST", "PUT", "DELETE"]
    path: str
    command: type[Command]
    allow: str
    summary: str
    example: Mapping[str, Any]
    new_id: Callable[[Any], str] | None
    """Takes the body of a command that creates, gives the id; None where it is a fresh one."""


@dataclass(frozen=True)
class Aggregate(Generic[_Command, _State, _Event]):
    """The rules of one kind of aggregate, its events and the endpoints of its commands.

    `category` names its streams and logs. `decide` returns what happens, or raises RuleViolation or NotFound; `evolve`
    never refuses. Both are pure; the state is None before the first event. `state` is the state's class.
    `fold_version` grows when `evolve` folds the same events to another state; without `snapshots` the state is never
    stored, as it must not be where it holds personal data. `claims` names what a stream in this state has for itself
    alone, among all streams; a change of it asks for `twinpath claims repair`. `erase` is the command that erases an
    aggregate which has an event that `erases`; it takes nothing but the id. `owner` says whose a stream in a state is:
    a caller whose token names an owner commands that owner's streams alone; without it they are everybody's. `plural`
    is the name in paths, `category` with an s unless given.
    """

    category: str
    decide: Callable[[_Command, _State | None], list[_Event]]
    evolve: Callable[[_State | None, _Event], _State]
    state: type[_State]
    events: Sequence[type[DomainEvent]]
    fold_version: int = 1
    snapshots: bool = True
    claims: Callable[[_State], Iterable[Claim]] | None = None
    erase: type[Command] | None = None
    owner: Callable[[str, _State], str | None] | None = None
    plural: str = ""
    endpoints: list[CommandEndpoint] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Below /api/v1, without an id."""
        return f"/{self.plural or self.category + 's'}"

    def post(self, path: str, command: type[Command], **declared: Any) -> None:
        """Declare `POST <path>`; see `CommandEndpoint` for what may be declared."""
        self._declare("POST", path, command, **declared)

    def put(self, path: str, command: type[Command], **declared: Any) -> None:
        """Declare `PUT <path>`."""
        self._declare("PUT", path, command, **declared)

    def delete(self, path: str, command: type[Command], **declared: Any) -> None:
        """Declare `DELETE <path>`."""
        self._declare("DELETE", path, command, **declared)

    def _declare(
        self,
        method: Literal["POST", "PUT", "DELETE"],
        path: str,
        command: type[Command],
        *,
        allow: str,
        summary: str,
        example: Mapping[str, Any] | None = None,
        new_id: Callable[[Any], str] | None = None,
    ) -> None:
        self.endpoints.append(CommandEndpoint(method, path, command, allow, summary, example or {}, new_id))


AnyAggregate = Aggregate[Any, Any, Any]
