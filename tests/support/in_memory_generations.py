"""Generations of views in this process's memory: the same promises as MongoDB's, for tests."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from twinpath.domain.views import Document, View
from twinpath.errors import CheckpointMoved
from twinpath.views.generations import CatchUp, Frozen, GenerationStore, Plan
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Checkpoints
from twinpath.views.naming import Generation
from twinpath.views.paths import stored


class InMemoryGenerations(InMemoryViewStore, GenerationStore):
    """A store that is a GenerationStore too."""

    def __init__(self) -> None:
        super().__init__()
        self._retired: dict[str, datetime] = {}

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator["InMemoryFrozen"]:
        yield InMemoryFrozen(
            {name: dict(documents) for name, documents in self._views.items()}, dict(self._checkpoints)
        )

    async def begin(self, view: View, plan: Plan) -> None:
        self._refuse_another(plan)
        await self.prepare([view], [(plan.name, log) for log in plan.logs], {plan.name: plan.version})

    async def switch(self, plan: Plan, reached: Mapping[str, int], catch_up: CatchUp, at: datetime) -> None:
        """See GenerationStore.switch. Here a consumer that commits meanwhile is seen by its checkpoint."""
        while True:
            self._refuse_another(plan)
            if any(self._checkpoints.get((plan.name, log)) != position for log, position in reached.items()):
                raise CheckpointMoved(f"somebody else builds {plan.name} too")
            positions = {log: self._checkpoints[plan.projection, log] for log in reached}
            changes = await catch_up(positions)
            if positions == {log: self._checkpoints[plan.projection, log] for log in reached}:
                break
        self._change(changes)
        self._forget_checkpoints(plan)
        self.parked.hand_over(plan.name, plan.projection)
        self._retired[plan.old_name] = at
        self._generations[plan.projection] = Generation(plan.number, plan.version)
        self._move({(plan.projection, log): max(position, positions[log]) for log, position in reached.items()})
        self._changes.tell({(plan.projection, ""): None})

    async def discard(self, plan: Plan) -> None:
        self._refuse_another(plan)
        self._forget_checkpoints(plan)
        self.parked.forget(plan.name)
        await self.drop(plan.name)

    async def retired(self, before: datetime) -> list[str]:
        return [name for name, at in self._retired.items() if at < before]

    async def drop(self, name: str) -> None:
        self._retired.pop(name, None)
        self._views.pop(name, None)

    def _refuse_another(self, plan: Plan) -> None:
        if self.generation(plan.projection).number != plan.instead_of:
            raise CheckpointMoved(f"generation {plan.instead_of} of {plan.projection} is not in service")

    def _forget_checkpoints(self, plan: Plan) -> None:
        for log in plan.logs:
            self._checkpoints.pop((plan.name, log), None)
        self._generations.pop(plan.name, None)


class InMemoryFrozen(Frozen):
    """A Frozen: documents are never mutated, so that a copy of the maps keeps the moment."""

    def __init__(self, views: dict[str, dict[str, Document]], checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints
        self._views = views

    async def page(self, name: str, after: str | None, limit: int) -> list[Document]:
        of_view = self._views.get(name, {})
        ids = sorted(document_id for document_id in of_view if after is None or document_id > after)
        return [stored(of_view[document_id]) for document_id in ids[:limit]]
