"""The shape of every aggregate: commands in, events out, a state folded from them, and the endpoints of its commands.

The Aggregate pattern: Jérémie Chassaing, "Functional Event Sourcing Aggregate", 2021.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partialmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from twinpath.domain.carrying import carry_into
from twinpath.domain.claim import Claim
from twinpath.domain.events import DomainEvent
from twinpath.ids import is_category

_Command = TypeVar("_Command", bound="Command")
_Event = TypeVar("_Event", bound=DomainEvent)
_State = TypeVar("_State")


class Look(Protocol):
    """How a command's facts are looked up on the write side. Both ways raise Unavailable."""

    @property
    def settings(self) -> Any:
        """Those of the command service."""

    def __call__(self, aggregate_id: str) -> Coroutine[Any, Any, Any]:
        """The state of an aggregate as it is now, None where there is none."""
        ...

    def about(self, owner: str, category: str) -> Coroutine[Any, Any, list[str]]:
        """The ids of the aggregates of a category that hold personal data of this owner."""
        ...


FINGERPRINT = "fingerprint"
"""The serialization context of `Command.content`, which must stay the same for the same body for ever: a field that
holds more than it did in an earlier version writes that version's form there."""

LookUp = Callable[[Look, Any], Awaitable[Any]]
"""Takes a look and a command that lacks what is looked up, gives the value of a field that it can't know by itself."""


class Command(BaseModel):
    """What somebody wants done. The time and every looked-up fact come in with it, so that a rule never asks for them.

    `type` is the stored name, as bulk requests, metrics and derived ids have it: `open_ticket`. `target` names the
    field that holds the aggregate's id; with `creates` that id is fresh. `looked_up` says how fields are found that no
    body holds, such as today's prices.

    The limits and validators of the fields hold where a caller's body comes in, and nowhere else: a command that a
    process makes of an event, or that is read back from a timer, is of something that was accepted before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]
    target: ClassVar[str]
    creates: ClassVar[bool] = False
    looked_up: ClassVar[Mapping[str, LookUp]] = {}

    at: datetime

    if not TYPE_CHECKING:  # the arguments of a command stay those of its fields

        def __init__(self, **fields: Any) -> None:
            carry_into(self, fields)

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
        left_out = generated | self.looked_up.keys()
        return f"{self.stored_name()}{self.model_dump_json(exclude=left_out, context=FINGERPRINT)}".encode()


@dataclass(frozen=True)
class CommandEndpoint:
    """How callers reach a command over HTTP: everything that its route, bulk name and OpenAPI page are made from.

    `path` stands below the aggregate's: `""` or `/{id}/close`. `allow` is the permission that a caller needs. `refuses`
    are the codes that the rules refuse it with, besides `<category>_not_found`: those that end in `_not_found` come
    with 404, the others with 409.
    """

    method: Literal["POST", "PUT", "DELETE"]
    path: str
    command: type[Command]
    allow: str
    summary: str
    example: Mapping[str, Any]
    refuses: tuple[str, ...]
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

    def __post_init__(self) -> None:
        if not is_category(self.category):
            raise ValueError(f"the category {self.category!r}: it is of small letters alone, as logs have it")

    @property
    def path(self) -> str:
        """Below /api/v1, without an id."""
        return f"/{self.plural or self.category + 's'}"

    def is_of_another(self, owner: str | None, stream: str, state: _State) -> bool:
        """Whether a stream in a state is another owner's than this one; with None, which is everybody, it never is."""
        return owner is not None and self.owner is not None and self.owner(stream, state) != owner

    def _declare(
        self,
        method: Literal["POST", "PUT", "DELETE"],
        path: str,
        command: type[Command],
        *,
        allow: str,
        summary: str,
        example: Mapping[str, Any] | None = None,
        refuses: tuple[str, ...] = (),
        new_id: Callable[[Any], str] | None = None,
    ) -> None:
        self.endpoints.append(CommandEndpoint(method, path, command, allow, summary, example or {}, refuses, new_id))

    post = partialmethod(_declare, "POST")
    put = partialmethod(_declare, "PUT")
    delete = partialmethod(_declare, "DELETE")
    """Declare `POST <path>`, `PUT <path>`, `DELETE <path>`; see `CommandEndpoint` for what may be declared."""


AnyAggregate = Aggregate[Any, Any, Any]
