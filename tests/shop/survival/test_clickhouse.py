"""ClickHouse lost in every way under load: the shop goes on, and the facts come to what the log says, nothing twice."""

import asyncio
from collections.abc import Callable

from deploy.local.clickhouse import ClickHouse
from tests.shop.support.work import Work, at_work
from tests.support.eventually import eventually
from tests.support.hurting import full_disk, slowed
from tests.support.services.readiness import watched
from tests.support.services.scraped import scraped
from tests.support.services.system import System
from tests.support.survival import times

TABLES = ("order_lines", "ticket_steps", "stock_movements")


async def test_whatever_happens_to_clickhouse_the_shop_goes_on_and_the_facts_lose_and_double_nothing(
    make_system: Callable[..., System],
    private_clickhouse: ClickHouse,
    mongodb_url: str,
    rabbitmq_url: str,
    redis_url: str,
) -> None:
    clickhouse = private_clickhouse
    system = make_system(mongodb_url, rabbitmq_url, redis_url)
    system.settings |= {"TWINPATH_CLICKHOUSE_URL": clickhouse.url, "TWINPATH_FACTS_DATABASE": f"{system.unique}_facts"}
    system.start()
    async with watched(system["projector"]) as readiness, at_work(system) as work:
        for _ in range(times(1, 10)):
            await work.more(60)

            readiness.forget()
            await asyncio.to_thread(clickhouse.kill)
            await readiness.said_down("facts")
            await work.more(60)
            await work.more_answers(20)
            answer = await work.queries.get("/api/v1/analytics/funnel")
            assert (answer.status_code, answer.json()["code"]) == (503, "analytics_unavailable")
            await asyncio.to_thread(clickhouse.start)
            await has_caught_up(work)

            await asyncio.to_thread(clickhouse.wipe)
            await work.more(60)
            await has_caught_up(work)

            clickhouse.pause()
            await work.more(60)
            clickhouse.resume()
            await has_caught_up(work)

            readiness.forget()
            with full_disk(clickhouse):
                await work.more(60)
                await readiness.said_down("facts")
                await work.more_answers(20)
            await has_caught_up(work)

            with slowed(clickhouse):
                await work.more(60)
                await work.more_answers(20)
            await has_caught_up(work)

            await asyncio.to_thread(system["projector"].kill)
            await work.more(60)
            await asyncio.to_thread(system["projector"].start)
            await asyncio.to_thread(system["projector"].wait_ready)
            await has_caught_up(work)
        assert work.answers[503] == work.answers[0] == 0, "a query of the shop was refused"
    await have_every_event(system)
    verified = await system.verify()
    assert all(f"facts {name}: " in verified for name in TABLES)


async def has_caught_up(work: Work) -> None:
    """The tables have every event, and reports are answered."""

    async def answered() -> bool:
        return (await work.queries.get("/api/v1/analytics/funnel")).status_code == 200

    await have_every_event(work.system)
    await eventually(answered, limit=60)


async def have_every_event(system: System) -> None:
    """Every table has every event, but for those of this moment."""

    async def caught_up() -> bool:
        async with system.client("projector") as projector:
            scrape = await scraped(projector)
        lags = [scrape.value("twinpath_facts_lag_seconds", table=table, log=log) for table, log in _logs()]
        return all(lag is not None and lag < 3 for lag in lags)

    await eventually(caught_up, limit=90, pause=0.5)


def _logs() -> list[tuple[str, str]]:
    categories = dict(zip(TABLES, ("order", "ticket", "product"), strict=True))
    return [(table, f"{category}.{part}") for table, category in categories.items() for part in range(4)]
