"""Requests that go on: whom they are counted for, and when their caller may go on no more."""

from datetime import datetime, timedelta

import httpx
import pytest

from tests.engine.workshop.application import WORKSHOP
from tests.support.live_client import listening
from twinpath.clock import utc_now
from twinpath.identity.authentication import Authentication, counted_as
from twinpath.identity.in_memory import InMemoryMachineKeys
from twinpath.identity.machine_keys import MachineKeys, create_key
from twinpath.testing.in_memory import InMemorySystem


class _Clock:
    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now


async def test_a_live_stream_ends_when_its_key_is_revoked() -> None:
    store, clock = InMemoryMachineKeys(), _Clock()
    key = await create_key(store, "follower", ["*"], timedelta(days=1), clock)
    headers = {"Authorization": f"Bearer {await create_key(store, 'writer', ['*'], timedelta(days=1), clock)}"}
    system = InMemorySystem(WORKSHOP, authentication=Authentication(keys=MachineKeys(store, clock)))
    transport = httpx.ASGITransport(system.app)
    async with (
        system.app.router.lifespan_context(system.app),
        httpx.AsyncClient(transport=transport, base_url="http://workshop", headers=headers) as client,
        listening(system.app, "/owners/events", {"Authorization": f"Bearer {key}"}) as live,
    ):
        await live.next()
        await client.post("/api/v1/owners", json={"name": "Ada", "email": "ada@example.org"})
        assert (await live.next()).data["name"] == "Ada"

        await store.revoke(key.split("_")[1], clock.now)
        clock.now += timedelta(seconds=11)  # so long a key is believed
        await client.post("/api/v1/owners", json={"name": "Bob", "email": "bob@example.org"})

        await live.ended()


@pytest.mark.parametrize(
    ("host", "other", "alike"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("203.0.113.1", "::ffff:203.0.113.1", True),
        ("203.0.113.1", "203.0.113.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("testclient", "testclient", True),
    ],
)
def test_who_is_not_known_is_counted_by_the_network_that_one_subscriber_has(host: str, other: str, alike: bool) -> None:
    first, second = (counted_as({"type": "http", "client": (address, 1)}) for address in (host, other))
    assert (first == second) is alike
