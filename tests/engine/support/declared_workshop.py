"""Views and resources of every kind, declared small, and a query service of them with what writes its views."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

from tests.engine.workshop.events import OwnerRegistered, RepairOpened
from twinpath.domain.application import Application
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.resource import Dashboard, Join, Listing, Reads, Resource, SubList
from twinpath.domain.views import Document, Order, Put, View, ViewChange
from twinpath.ids import new_id
from twinpath.queries.app import create_app
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Repair(BaseModel):
    """A repair; the last three fields came with a later version."""

    repair_id: str
    owner_id: str
    status: Literal["open", "closed"]
    opened_at: datetime
    version: int
    urgent: bool = False
    parts: list[str] = []
    closed_at: datetime | None


class RepairRow(BaseModel):
    """A repair in a list."""

    repair_id: str
    owner_id: str
    status: str
    urgent: bool = False


class Owner(BaseModel):
    """Whose cars they are."""

    owner_id: str
    name: str
    version: int


class OwnersName(BaseModel):
    """What a repair shows of its owner."""

    owner_name: str | None


def put_owner(repair: dict[str, Any], owner: Document | None) -> None:
    repair["owner_name"] = None if owner is None else owner["name"]


async def counted(reads: Reads) -> Mapping[str, Any]:
    newest = await reads.first(REPAIRS, 2, Order("opened_at", descending=True))
    part = await reads.documents(COUNTS, [f"total/{log}" for log in await reads.logs()])
    return {
        "day": f"{reads.now:%Y-%m-%d}",
        "opened": sum(total["opened"] for total in part.values()),
        "newest": [repair["repair_id"] for repair in newest],
    }


class Counted(BaseModel):
    """How the workshop is doing."""

    day: str
    opened: int
    newest: list[str]


REPAIRS = View(
    "repairs", Repair, filters=("status", "owner_id"), sorts={"opened": "opened_at", "closed": "closed_at"}, copy=True
)
OWNERS = View("owners", Owner, copy=True)
COUNTS = View("counts", copy=True)
OWNER_OF = Join(OWNERS, "owner_id", OwnersName, put_owner)
REPAIR_LIST = Listing("repair", REPAIRS, {}, row=RepairRow, join=OWNER_OF)
APPLICATION = Application(
    Catalogue([RepairOpened, OwnerRegistered]),
    resources=[
        Resource("repair", REPAIRS, {}, allow="repairs:read", listing=REPAIR_LIST, join=OWNER_OF),
        Resource("owner", OWNERS, {}, allow="owners:read", sublists=[SubList("/repairs", REPAIR_LIST, by="owner_id")]),
        Dashboard("/repairs/counted", (COUNTS, REPAIRS), counted, Counted, {}, allow="repairs:read", summary="Counted"),
    ],
)


@dataclass
class Workshop:
    """The query service of a workshop, and what writes its views."""

    app: FastAPI
    client: httpx.AsyncClient
    store: InMemoryViewStore
    cache: InMemoryViewCache

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.client.get(f"/api/v1{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    async def commit(self, *changes: ViewChange) -> None:
        await self.store.commit(Batch(changes))

    async def repair(self, **fields: Any) -> str:
        """A new repair's id."""
        repair = new_id("repair")
        document = {"repair_id": repair, "owner_id": new_id("owner"), "status": "open", "opened_at": NOON, "version": 1}
        await self.commit(Put(REPAIRS.name, repair, document | {"closed_at": None} | fields))
        return repair

    async def owner(self) -> str:
        """A new owner's id."""
        owner = new_id("owner")
        await self.commit(Put(OWNERS.name, owner, {"owner_id": owner, "name": "Ada", "version": 1}))
        return owner


@asynccontextmanager
async def declared_workshop() -> AsyncIterator[Workshop]:
    """The service, on adapters in memory."""
    store, cache = InMemoryViewStore(), InMemoryViewCache()
    await store.prepare([REPAIRS, OWNERS, COUNTS], [("counts", log) for log in ("repair.0", "repair.1")])
    app = create_app(store, cache, APPLICATION, clock=lambda: NOON)
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://q") as client:
        yield Workshop(app, client, store, cache)


def ids(page: Any) -> list[str]:
    return [item["repair_id"] for item in page["items"]]
