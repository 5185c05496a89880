"""OpenSearch lost in every way under load: the shop goes on, and everything is found again, nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import pytest

from deploy.local.ports import HOST
from tests.shop.support.found import LIMIT, MORE, everything_is_found, goes_on_and_finds_everything, is_kept, is_refused
from tests.shop.support.work import at_work
from tests.support.opensearch import OpenSearch, own_indexes
from tests.support.provided.proxies import Door, serving
from tests.support.services.readiness import watched
from tests.support.services.system import System
from tests.support.survival import times

SLOW_SECONDS = 0.4


@pytest.fixture
async def opensearch() -> AsyncIterator[OpenSearch]:
    """It comes before the system, so that nobody writes any more when it is tidied up."""
    async with own_indexes() as server:
        yield server


async def test_whatever_happens_to_opensearch_the_shop_goes_on_and_everything_is_found_again(
    opensearch: OpenSearch,
    make_whole_system: Callable[..., System],
    mongodb_url: str,
    rabbitmq_url: str,
    redis_url: str,
) -> None:
    system = make_whole_system(mongodb_url, rabbitmq_url, redis_url)
    async with serving(Door(urlsplit(opensearch.url).port or 0)) as door:
        system.settings |= {
            "TWINPATH_SEARCH_URL": f"http://{HOST}:{door.port}",
            "TWINPATH_SEARCH_PREFIX": opensearch.prefix,
        }
        system.start()
        async with watched(system["projector"]) as readiness, at_work(system, clerks=1, readers=1) as work:
            await everything_is_found(work)
            for _ in range(times(1, 10)):
                readiness.forget()
                await door.shut()
                await is_refused(work)
                await work.more(MORE, LIMIT)
                await readiness.said_down("search")
                assert not await is_kept(system)
                await work.more_answers(MORE, LIMIT)
                door.open()
                await goes_on_and_finds_everything(work)

                await opensearch.empty()
                await is_refused(work)
                await goes_on_and_finds_everything(work)

                readiness.forget()
                await opensearch.block("read_only_allow_delete", True)
                await work.more(MORE, LIMIT)
                await readiness.said_down("search")
                await work.more_answers(MORE, LIMIT)
                await opensearch.block("read_only_allow_delete", None)
                await goes_on_and_finds_everything(work)
                await readiness.says_up("search")

                door.seconds = SLOW_SECONDS
                await goes_on_and_finds_everything(work)
                door.seconds = 0

                await asyncio.to_thread(system["projector"].kill)
                await work.more(MORE, LIMIT)
                await asyncio.to_thread(system["projector"].start)
                await goes_on_and_finds_everything(work)
            assert work.answers[503] == work.answers[0] == 0, "a query of the shop was refused"
