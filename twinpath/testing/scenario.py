"""Rules tested as sentences: `given(BOOKING, REQUESTED).when(CONFIRM).then(CONFIRMED)`.

The form is that of Greg Young's specifications; emmett's `DeciderSpecification` has the same words.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from twinpath.domain.aggregate import AnyAggregate, Command
from twinpath.domain.events import DomainEvent
from twinpath.errors import TwinpathError


class Given:
    """An aggregate with a past."""

    def __init__(self, aggregate: AnyAggregate, events: Sequence[DomainEvent]) -> None:
        self._aggregate = aggregate
        start: Any = None
        self.state = reduce(aggregate.evolve, events, start)

    def when(self, command: Command) -> "Outcome":
        """The outcome of a command."""
        try:
            return Outcome(self._aggregate.decide(command, self.state), None)
        except TwinpathError as refusal:
            return Outcome((), refusal)


class Outcome:
    """What a command made happen, or why it was refused. Each check raises AssertionError when it was otherwise."""

    def __init__(self, events: Sequence[DomainEvent], refusal: TwinpathError | None) -> None:
        self._events = list(events)
        self._refusal = refusal

    def then(self, *events: DomainEvent) -> None:
        """Exactly these events happened, in this order; none means that the command changed nothing."""
        assert self._refusal is None, f"refused with {self._refusal.code}: {self._refusal.detail}"
        assert self._events == list(events)

    def refused(self, code: str) -> None:
        """It was refused with this code."""
        assert self._refusal is not None, f"not refused: {self._events}"
        assert self._refusal.code == code


def given(aggregate: AnyAggregate, *events: DomainEvent) -> Given:
    """An aggregate to which these events have happened."""
    return Given(aggregate, events)
