"""Building a view anew beside the one in service, and putting it in its place: what a store must offer for that."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from twinpath.domain.views import Document, View, ViewChange
from twinpath.views.interface import Checkpoints, ViewWriter
from twinpath.views.naming import generation_name

CatchUp = Callable[[Mapping[str, int]], Awaitable[Sequence[ViewChange]]]
"""Takes log -> position of the generation in service; gives the changes that the one built lacks to be as far."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Generation `number` of a projection's view is to come, built by this `version`, in the place of `instead_of`."""

    projection: str
    instead_of: int
    number: int
    version: int
    logs: Sequence[str]

    @property
    def name(self) -> str:
        """What the generation to come is called."""
        return generation_name(self.projection, self.number)

    @property
    def old_name(self) -> str:
        """What the one in service is called."""
        return generation_name(self.projection, self.instead_of)


class Frozen(Protocol):
    """All views as they were at one moment. `checkpoints` are those of that moment."""

    checkpoints: Checkpoints

    async def page(self, name: str, after: str | None, limit: int) -> list[Document]:
        """At most `limit` documents of a generation by its name, those after this id, in the order of ids.

        Raises Unavailable, also when the store does not remember that moment any more.
        """


class GenerationStore(ViewWriter, Protocol):
    """A ViewWriter that builds generations: all that a rebuild needs."""

    def frozen(self) -> AbstractAsyncContextManager[Frozen]:
        """The views as they are now. Raises Unavailable."""

    async def begin(self, view: View, plan: Plan) -> None:
        """Make the collection, the indexes and the checkpoints of a generation to build, where they are missing.

        Raises:
            CheckpointMoved: another generation is in service than `instead_of`.
            Unavailable: the store is away.
        """

    async def switch(self, plan: Plan, reached: Mapping[str, int], catch_up: CatchUp, at: datetime) -> None:
        """Apply what `catch_up` gives and put the generation into service: one transaction, which nothing overtakes.

        From its first statement to its end no consumer commits to the generation in service. That one is noted as
        retired `at` this time (UTC), the building checkpoints are gone. `reached` are log -> position of the built one.

        Raises:
            CheckpointMoved: another generation is in service than `instead_of`, or the one built is not where
                `reached` says, so that somebody else builds it too.
            Unavailable: the switch may stand: read the checkpoints before going on.
        """

    async def discard(self, plan: Plan) -> None:
        """Delete a generation that was begun, with its checkpoints. Raises as `begin` does."""

    async def retired(self, before: datetime) -> list[str]:
        """The names of the generations that were retired before then and are still there. Raises Unavailable."""

    async def drop(self, name: str) -> None:
        """Delete a generation that was retired. Raises Unavailable."""
