"""Replicas of an earlier version and of this one at work on the same data at once, as while a new version rolls out."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.services import NAMES, Service
from tests.shop.upgrades.past import VERSIONS, Past
from tests.shop.upgrades.taking_over import mend, skip_poison, take_over
from tests.support.eventually import eventually
from tests.support.services.system import System

_ORDERS = 20
"""By each version; together more than there are rugs."""
_STOCK = 12
_ENDED = {"confirmed", "rejected"}


@dataclass(frozen=True)
class Replicas:
    """One replica of each service, all of one version, and clients of two of them."""

    services: dict[str, Service]
    command: httpx.AsyncClient
    query: httpx.AsyncClient

    @classmethod
    def of(cls, services: dict[str, Service]) -> "Replicas":
        """These, once they are ready."""
        for service in services.values():
            service.wait_ready()
        command, query = (httpx.AsyncClient(base_url=services[name].url, timeout=30) for name in ("command", "query"))
        return cls(services, command, query)

    async def send(self, path: str, body: dict[str, Any], key: str) -> httpx.Response:
        """Send a command."""
        return await self.command.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": key})

    async def statuses(self, orders: list[str]) -> list[str]:
        """What has become of orders, each confirmed or rejected in one step."""
        answers = [await self.query.get(f"/api/v1/orders/{order}") for order in orders]
        shown = [answer.json() if answer.status_code == 200 else {"status": "not there yet"} for answer in answers]
        assert all(order["version"] == 2 for order in shown if order["status"] in _ENDED), shown
        return [order["status"] for order in shown]

    async def close(self) -> None:
        """Stop them."""
        for service in self.services.values():
            service.stop()
        await self.command.aclose()
        await self.query.aclose()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("version", VERSIONS)
async def test_replicas_of_two_versions_work_side_by_side(version: str, stopped_system: System, tmp_path: Path) -> None:
    past, system = Past.of(version), stopped_system
    past.load_into(system)
    checkout = past.checkout(tmp_path / "before")
    old = Replicas.of({name: system.add(name, checkout) for name in NAMES})
    new = Replicas.of({name: system.add(name) for name in NAMES})
    restocked = await new.send(f"/products/{past.ids['rug']}/restock", {"quantity": _STOCK}, "restock")
    assert restocked.status_code == 200, restocked.text

    bought = await asyncio.gather(*(buy(past, replicas, key) for replicas, key in ((old, "old"), (new, "new"))))
    await the_same_from_both(past, old, new)
    orders = [order for accepted in bought for order in accepted]

    async def ended() -> list[str]:
        seen = [await replicas.statuses(orders) for replicas in (old, new)]
        assert seen[0] == seen[1], f"the versions show different things: {seen}"
        assert set(seen[0]) <= _ENDED, Counter(seen[0])
        return seen[0]

    statuses = await eventually(ended, limit=60)
    await old.close()
    await take_over(system)
    rug = (await new.query.get(f"/api/v1/products/{past.ids['rug']}")).json()
    assert rug["reserved"] == statuses.count("confirmed")
    assert rug["on_hand"] + rug["reserved"] == past.answers[f"/products/{past.ids['rug']}"]["on_hand"] + _STOCK
    projector = httpx.AsyncClient(base_url=new.services["projector"].url, timeout=30)
    async with projector:
        await mend(past, system, projector, new.query)
        await skip_poison(past, projector)
    await system.verify()
    await new.close()


async def buy(past: Past, replicas: Replicas, key: str) -> list[str]:
    """Orders for one rug each; the ids of those that were taken."""
    order = next(sent.body for sent in past.commands if sent.path == "/orders" and past.ids["rug"] in str(sent.body))
    answers = [await replicas.send("/orders", order, f"{key}-{number}") for number in range(_ORDERS)]
    assert {answer.status_code for answer in answers} <= {201, 409}, Counter(answer.text for answer in answers)
    return [answer.json()["order_id"] for answer in answers if answer.status_code == 201]


async def the_same_from_both(past: Past, old: Replicas, new: Replicas) -> None:
    """A key that was sent to one version first, or to both at once, stands for one command."""
    ticket = {"subject": "Two of me", "message": "Which is it?", "customer_id": past.ids["ada"]}
    for number in range(10):
        both = [replicas.send("/tickets", ticket, f"ticket-{number}") for replicas in (old, new)]
        first, second = await asyncio.gather(*both)
        assert (first.status_code, first.json()) == (second.status_code, second.json())
