"""Turns a folded aggregate into a snapshot and back, and writes one every fifty events, after the answer."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from pydantic import TypeAdapter, ValidationError

from twinpath.domain.aggregate import AnyAggregate
from twinpath.domain.carrying import carrying
from twinpath.errors import Unavailable
from twinpath.log.snapshots import Snapshot, SnapshotStore

EVERY = 50
"""Events; a load reads half of it on average. With 100 a command on a long stream took 1.34 of one on a short."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Folded:
    """An aggregate as of a version; log and position are those of its last event."""

    state: Any = None
    version: int = 0
    log: str = ""
    position: int = 0


class Form:
    """How the state of one kind of aggregate is written: a change of its fields, or of `fold_version`, is another."""

    def __init__(self, decider: AnyAggregate) -> None:
        self.adapter: TypeAdapter[Any] = TypeAdapter(decider.state)
        self.read = carrying(decider.state)
        fields = orjson.dumps(self.adapter.json_schema(), option=orjson.OPT_SORT_KEYS)
        self.schema = f"{decider.fold_version}-{hashlib.blake2b(fields, digest_size=8).hexdigest()}"


class Snapshots:
    """The command bus's side of a SnapshotStore."""

    def __init__(self, store: SnapshotStore) -> None:
        self._store = store
        self._forms: dict[int, Form] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def load(self, decider: AnyAggregate, stream: str) -> Folded:
        """The state to fold on from; an empty Folded where there is no snapshot. Raises Unavailable."""
        if not decider.snapshots:
            return Folded()
        form = self._form(decider)
        snapshot = await self._store.latest(stream, form.schema)
        if snapshot is None:
            return Folded()
        try:
            return Folded(form.read(snapshot.state), snapshot.version, snapshot.log, snapshot.position)
        except ValidationError as error:
            _log.warning("snapshot_unreadable", stream=stream, errors=error.error_count())
            return Folded()  # the log has all of it

    def grown(self, decider: AnyAggregate, stream: str, before: int, folded: Folded) -> None:
        """Keep a snapshot when the stream has passed a multiple of EVERY; returns at once."""
        if decider.snapshots and folded.version // EVERY > before // EVERY:
            task = asyncio.create_task(self._keep(decider, stream, folded), name=f"snapshot {stream}")
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def written(self) -> None:
        """Wait until every snapshot that was begun is kept or given up."""
        await asyncio.gather(*self._writing)

    async def _keep(self, decider: AnyAggregate, stream: str, folded: Folded) -> None:
        form = self._form(decider)
        state = form.adapter.dump_python(folded.state, mode="json")
        try:
            await self._store.keep(Snapshot(stream, folded.version, folded.log, folded.position, form.schema, state))
        except Unavailable as error:
            _log.warning("snapshot_not_kept", stream=stream, error=str(error))

    def _form(self, decider: AnyAggregate) -> Form:
        form = self._forms.get(id(decider))
        if form is None:
            form = self._forms[id(decider)] = Form(decider)
        return form
