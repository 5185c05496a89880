"""The shape of every aggregate: commands in, events out, and a state folded from them.

The Decider pattern: Jérémie Chassaing, "Functional Event Sourcing Decider", 2021.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from twinpath.domain.events import DomainEvent

_Command = TypeVar("_Command", bound="Command")
_Event = TypeVar("_Event", bound=DomainEvent)
_State = TypeVar("_State")


class Command(BaseModel):
    """What somebody wants done. The time and every looked-up fact come in with it, so that a rule never asks for them.

    `target` names the field that holds the aggregate's id; with `creates` that id is fresh. `looked_up` names fields
    that nobody asked for, such as today's prices.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: ClassVar[str]
    creates: ClassVar[bool] = False
    looked_up: ClassVar[frozenset[str]] = frozenset()

    at: datetime

    @property
    def stream(self) -> str:
        """Id of the aggregate, which is its stream's name."""
        return str(getattr(self, self.target))

    def content(self) -> bytes:
        """What makes two commands the same: everything but the time, what was looked up, and a fresh id."""
        generated = {"at", self.target} if self.creates else {"at"}
        return f"{type(self).__name__}{self.model_dump_json(exclude=generated | self.looked_up)}".encode()


@dataclass(frozen=True)
class Decider(Generic[_Command, _State, _Event]):
    """The rules of one kind of aggregate; its state is None before its first event.

    `decide` returns what happens, or raises RuleViolation or NotFound; `evolve` never refuses. Both are pure.
    `state` is the state's class. `fold_version` grows when `evolve` folds the same events to another state; without
    `snapshots` the state is never stored, as it must not be where it holds what is personal.
    """

    decide: Callable[[_Command, _State | None], list[_Event]]
    evolve: Callable[[_State | None, _Event], _State]
    state: type[_State]
    fold_version: int = 1
    snapshots: bool = True


AnyDecider = Decider[Any, Any, Any]
