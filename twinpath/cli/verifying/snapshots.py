"""The part of `twinpath verify` that folds the streams of snapshots: what a command may be decided on must be true."""

import json
from collections.abc import AsyncIterator
from typing import Any

from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from twinpath.cli.connection import Connection
from twinpath.cli.log import PAGE
from twinpath.cli.progress import Advance
from twinpath.cli.verifying.check import Check
from twinpath.commands.snapshotting import Folded, Form
from twinpath.errors import TwinpathError, UnknownEvent
from twinpath.ids import category_of, log_of
from twinpath.log.commits import Document
from twinpath.log.verification import Finding


class SnapshotsAgainstFold(Check):
    """Each snapshot that is still read holds what its stream's events fold to; one stream is at hand at a time."""

    name, unit = "snapshots", "snapshots"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        database = connection.client[connection.settings.log_database]
        self._snapshots = database.get_collection("snapshots", read_concern=ReadConcern("majority"))
        self._deciders = connection.application.deciders
        self._forms = {name: Form(decider) for name, decider in self._deciders.items() if decider.snapshots}

    async def size(self) -> int:
        return await self._snapshots.count_documents(self._read)

    async def findings(self, advance: Advance) -> AsyncIterator[Finding]:
        async for snapshot in self._snapshots.find(self._read, batch_size=PAGE):
            if (finding := await self._wrong(snapshot)) is not None:
                yield finding
            advance(1)

    @property
    def _read(self) -> Document:
        """Those of a form that the command service reads today."""
        return {"schema": {"$in": [form.schema for form in self._forms.values()]}}

    async def _wrong(self, snapshot: Document) -> Finding | None:
        stream, version = snapshot["_id"], snapshot["version"]
        form = self._forms.get(category_of(stream))
        if form is None or form.schema != snapshot["schema"]:
            return None
        place = (snapshot["log"], snapshot["position"], f"{stream}@{version}")
        try:
            folded = await self._fold(stream, version)
        except UnknownEvent as error:
            return Finding(self.name, "its stream can't be read", "events that can be read", error.detail, *place)
        except (TwinpathError, PyMongoError):
            raise
        except Exception as error:  # what the rules say of events that they never put there
            return Finding(self.name, "its stream can't be folded", "a state", f"{error!r}", *place)
        if (folded.version, folded.log, folded.position) != (version, *place[:2]):
            problem, end = "a snapshot is not where its stream is", f"version {folded.version}"
            actual = f"version {version} at {place[0]}:{place[1]}"
            return Finding(self.name, problem, f"{end} at {folded.log}:{folded.position}", actual, *place)
        right = form.adapter.dump_python(folded.state, mode="json")
        if right == snapshot["state"]:
            return None
        problem = "a snapshot is not what its stream folds to"
        return Finding(self.name, problem, *_differing(right, snapshot["state"]), *place)

    async def _fold(self, stream: str, version: int) -> Folded:
        """The stream up to a version, or to its end where that is earlier. Raises UnknownEvent."""
        log, decider, folded = (
            log_of(stream, self._connection.partitions),
            self._deciders[category_of(stream)],
            Folded(),
        )
        while folded.version < version:
            limit = min(PAGE, version - folded.version)
            events = await self._connection.log.read_stream(log, stream, folded.version, limit)
            if not events:
                break
            for event in await self._connection.seals.open(events):
                state = decider.evolve(folded.state, self._connection.events.decode(event))
                folded = Folded(state, event.version, event.log, event.position)
        return folded


def _differing(right: Any, stored: Any) -> tuple[str, str]:
    """Both as JSON, of two objects only what differs."""
    if isinstance(right, dict) and isinstance(stored, dict):
        names = [name for name in right | stored if right.get(name) != stored.get(name)]
        right, stored = ({name: state.get(name) for name in names} for state in (right, stored))
    return json.dumps(right), json.dumps(stored, default=str)
