"""A command with what surrounds it, and how it looks up what other aggregates know."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from twinpath.domain.aggregate import AnyAggregate, Command
from twinpath.errors import NotFound, NotPermitted
from twinpath.http.conditions import Condition
from twinpath.ids import escaped, uuid7
from twinpath.log.interface import EventStore


@dataclass(frozen=True, slots=True)
class Envelope:
    """A command with what surrounds it.

    `idempotency_key` is the caller's own, or None; the command takes effect only on `expected_version` and where the
    `condition` holds, if they are given. `derived_id` is the command id of a process manager's command, made from the
    event that causes it. `owner` is the only one whose aggregates the caller commands, None where they may be
    anybody's.
    """

    command: Command
    actor: str = "anonymous"
    correlation_id: str = ""
    causation_id: str | None = None
    traceparent: str | None = None
    idempotency_key: str | None = None
    expected_version: int | None = None
    condition: Condition | None = None
    derived_id: str | None = None
    owner: str | None = None

    @property
    def command_id(self) -> str:
        """The caller's key, which is the caller's alone (no derived id has a slash), or a fresh id."""
        if self.derived_id is not None:
            return self.derived_id
        return uuid7() if self.idempotency_key is None else f"{escaped(self.actor)}/{self.idempotency_key}"

    @property
    def command_id_before(self) -> str | None:
        """The id that 0.1 gave to it, where that is another: the actor has a slash or a percent sign."""
        if self.derived_id is not None or self.idempotency_key is None or self.actor == escaped(self.actor):
            return None
        return f"{self.actor}/{self.idempotency_key}"

    @property
    def may_be_repeated(self) -> bool:
        """Whether the same command id may come again."""
        return self.derived_id is not None or self.idempotency_key is not None

    def refuse_others(self, aggregate: AnyAggregate, state: Any) -> None:
        """Refuse an owner what is somebody else's.

        Raises:
            NotFound: it is there; to its caller it is not.
            NotPermitted: it would be made.
        """
        command, category = self.command, aggregate.category
        if not aggregate.is_of_another(self.owner, command.stream, state):
            return
        if command.creates:
            raise NotPermitted(f"The {category} would not be yours.", code="not_yours")
        raise NotFound(f"There is no {category} {command.stream}.", code=f"{category}_not_found")


@dataclass(frozen=True, slots=True)
class BusLook:
    """A Look."""

    state: Callable[[str], Coroutine[Any, Any, Any]]
    store: EventStore
    settings: Any = None

    async def __call__(self, aggregate_id: str) -> Any:
        """See Look.__call__."""
        return await self.state(aggregate_id)

    def after(self, wait: Callable[[str], Awaitable[None]]) -> "BusLook":
        """The same, which waits before it looks at an aggregate."""

        async def waited(aggregate_id: str) -> Any:
            await wait(aggregate_id)
            return await self.state(aggregate_id)

        return BusLook(waited, self.store, self.settings)

    async def about(self, owner: str, category: str) -> list[str]:
        """See Look.about."""
        return await self.store.streams_about(owner, category)
