"""The sample is a month of a shop: the same each time, spread over thirty days, and nothing of it in the future."""

import socket
import subprocess
import sys
from datetime import timedelta

import httpx

from deploy.demo import system_app
from deploy.sample import DAYS, SampleClock, play_sample
from deploy.shop import SHOP
from twinpath.clock import utc_now
from twinpath.log.reading import read_all
from twinpath.testing import InMemorySystem


async def test_every_dashboard_has_a_month_of_history() -> None:
    app = system_app(sample=True)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://demo/api/v1") as client,
    ):
        shop, tickets = [(await client.get(f"/{name}/dashboard")).json() for name in ("shop", "tickets")]

    [revenue] = shop["revenue"]
    assert sum(day["amount"] != "0.00" for day in revenue["days"]) > 10
    assert sum(day["opened"] > 0 for day in tickets["days"]) > 15
    assert sum(day["closed"] > 0 for day in tickets["days"]) > 10
    assert tickets["median_hours_to_triage"] > 0.5
    assert all(shop["orders_by_status"][status] for status in ("confirmed", "rejected", "shipped", "cancelled"))
    assert all(tickets["by_status"].values())


async def test_it_is_the_same_each_time_and_ends_now() -> None:
    played = []
    for _ in range(2):
        clock = SampleClock()
        system = InMemorySystem(SHOP, clock, processes_at_once=False)
        async with system.app.router.lifespan_context(system.app):
            loaded = await play_sample(system, clock)
            events = [event async for event in read_all(system.store)]
        times = [event.at for event in events]
        played.append(sorted((event.at - times[0], event.type, event.actor) for event in events))
        assert utc_now() - timedelta(days=DAYS, minutes=5) < min(times) < max(times) <= utc_now()
        assert abs(clock() - utc_now()) < timedelta(seconds=5)
    assert played[0] == played[1]
    assert loaded["products"] == 16


def test_a_port_that_is_taken_is_one_line_and_another_one_can_be_given() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "deploy.demo", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"port {port} can't be used: address already in use. Another one: make demo PORT=9000\n"
