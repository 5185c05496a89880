"""The search index hurt in every way under load: the shop goes on, and everything is found again, nothing twice."""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.shop.support.found import LIMIT, MORE, everything_is_found, goes_on_and_finds_everything, is_kept, is_refused
from tests.shop.support.work import at_work
from tests.support.hurting import full_disk
from tests.support.services.readiness import watched
from tests.support.services.system import System
from tests.support.survival import times


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
                assert not await is_kept(system)
                await work.more_answers(MORE, LIMIT)
            await goes_on_and_finds_everything(work)
            await readiness.says_up("search")
        assert work.answers[503] == work.answers[0] == 0, "a query of the shop was refused"


def damage(folder: Path) -> None:
    """Put something else in the place of what tells which files an index has."""
    for meta in folder.glob("*/meta.json"):
        (meta.parent / "damaged").write_text("{")
        os.replace(meta.parent / "damaged", meta)
