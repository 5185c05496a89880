"""The search index hurt in every way under load: the shop goes on, and everything is found again, nothing twice."""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.shop.support.work import Work, at_work
from tests.support.eventually import eventually
from tests.support.hurting import full_disk
from tests.support.services.readiness import watched
from tests.support.services.scraped import scraped
from tests.support.services.system import System
from tests.support.survival import times

SEARCH = "/api/v1/tickets/search"
MORE = 10
"""Commands, and answers, that prove that the shop goes on."""
LIMIT = 150
"""Seconds, on a machine that does other work too."""


async def test_whatever_happens_to_the_search_index_the_shop_goes_on_and_everything_is_found_again(
    make_whole_system: Callable[..., System], tmp_path: Path, mongodb_url: str, rabbitmq_url: str, redis_url: str
) -> None:
    system = make_whole_system(mongodb_url, rabbitmq_url, redis_url).start()
    folder = tmp_path / "search"
    async with watched(system["projector"]) as readiness, at_work(system, clerks=1, readers=1) as work:
        await everything_is_found(work)
        for _ in range(times(1, 10)):
            await asyncio.to_thread(system["projector"].kill)
            await work.more(MORE, LIMIT)
            await asyncio.to_thread(system["projector"].start)
            await goes_on_and_finds_everything(work)

            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)  # which is written meanwhile
            await is_refused(work)
            await goes_on_and_finds_everything(work)

            await asyncio.to_thread(damage, folder)
            await goes_on_and_finds_everything(work)

            readiness.forget()
            with full_disk(system["projector"]):
                await work.more(MORE, LIMIT)
                await readiness.said_down("search")
                assert await kept(system) == 0
                await work.more_answers(MORE, LIMIT)
            await goes_on_and_finds_everything(work)
            await readiness.says_up("search")
        assert work.answers[503] == work.answers[0] == 0, "a query of the shop was refused"


async def goes_on_and_finds_everything(work: Work) -> None:
    """Commands and queries are answered meanwhile; after a while searches are as before."""
    await work.more(MORE, LIMIT)
    await work.more_answers(MORE, LIMIT)
    await everything_is_found(work)
    assert await kept(work.system) == 1


async def everything_is_found(work: Work) -> None:
    """A search shows each ticket that there is by now, once."""
    tickets = set(work.ledger.tickets)

    async def found() -> bool:
        ids: list[str] = []
        url: str | None = f"{SEARCH}?q=ticket&limit=100"
        while url is not None:
            answer = await work.queries.get(url)
            if answer.status_code != 200:
                return False
            ids += [item["ticket_id"] for item in answer.json()["items"]]
            url = answer.links["next"]["url"] if answer.json()["next"] else None
        assert len(ids) == len(set(ids)), "found twice"
        return tickets <= set(ids)

    await eventually(found, LIMIT, pause=0.3)


async def is_refused(work: Work) -> None:
    """Searches are answered with 503, and nothing else is."""

    async def refused() -> bool:
        answer = await work.queries.get(SEARCH, params={"q": "ticket"})
        return answer.status_code == 503 and answer.json()["code"] == "search_unavailable"

    await eventually(refused, LIMIT, pause=0.005)


async def kept(system: System) -> float | None:
    """What the metric says of whether the index is kept."""
    async with system.client("projector") as projector:
        return (await scraped(projector)).value("twinpath_search_kept")


def damage(folder: Path) -> None:
    """Put something else in the place of what tells which files an index has."""
    for meta in folder.glob("*/meta.json"):
        (meta.parent / "damaged").write_text("{")
        os.replace(meta.parent / "damaged", meta)
