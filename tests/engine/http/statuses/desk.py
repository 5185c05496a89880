"""Requests that would be taken: for each a repair, an owner and a parked stream of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

import orjson

from tests.engine.http.statuses.asking import Asking, Operation
from tests.engine.http.statuses.services import PARKED, Service, Workshop
from tests.support.appending import metadata
from twinpath.domain.events import NewEvent
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import NewCommit

JSON = (b"Content-Type", b"application/json")


@dataclass
class Desk:
    """A service, and what a test does to get answers of it."""

    workshop: Workshop
    service: Service
    _ids: dict[str, str] = field(default_factory=dict)
    _numbers: count = field(default_factory=count)  # type: ignore[type-arg]

    def port(self, state: str) -> int:
        """Where the service is served in this state."""
        return self.service.ports[state]

    async def asking(self, operation: Operation) -> Asking:
        """A request for an operation that would be taken; those that only read share what they read."""
        if operation.method != "GET" or not self._ids:
            self._ids = await self.ids()
        ids = self._ids
        asking = operation.asking(ids)
        return asking.with_body(
            email=f"{next(self._numbers)}@{id(self)}.example.org", owner_id=ids["owner_id"], version=2
        )

    async def ids(self) -> dict[str, str]:
        """Ids of what is there and may be changed, by the names of parameters."""
        repair = await self.made("/api/v1/repairs", {"subject": "Brakes", "message": "They squeak."}, "repair_id")
        email = f"{uuid7()}@example.org"
        owner = await self.made("/api/v1/owners", {"name": "Ada", "email": email}, "owner_id")
        stream = PARKED[next(self._numbers) % len(PARKED)] if "off" in self.service.ports else repair
        return {"repair_id": repair, "owner_id": owner, "stream": stream, "projection": "seen"}

    async def made(self, path: str, body: Mapping[str, object], id_name: str) -> str:
        """The id of what a command makes."""
        return str((await self.command("POST", path, body))[id_name])

    async def command(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, object]:
        """The answer of a command that is taken."""
        content = b"" if body is None else orjson.dumps(body)
        asking = Asking(method, path, {}, content, [JSON] if content else [])
        [answer] = await asking.of(self.workshop.services["command"].ports["plain"])
        assert answer.status in (200, 201), answer
        return dict(orjson.loads(answer.body))

    async def from_tomorrow(self) -> dict[str, str]:
        """Ids of what has an event that a later version wrote."""
        ids = await self.ids()
        for category in ("repair", "owner"):
            stream = ids[f"{category}_id"] = new_id(category)
            event = NewEvent(f"{category}.renamed" if category == "owner" else "repair.note_added", 99, {})
            await self.workshop.system.store.append(NewCommit(stream, [event], 0, uuid7(), metadata()))
        return ids
