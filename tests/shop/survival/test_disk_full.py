"""Full disks, on small file systems in memory that only root can mount: so they are in the long form alone."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.install import find_or_install
from deploy.local.mongodb import Mongod, MongoDB
from deploy.local.ports import hold_port
from deploy.local.rabbitmq import RabbitMQ
from tests.shop.support.broker_faults import consumed
from tests.shop.support.work import at_work
from tests.support.eventually import eventually
from tests.support.services.readiness import watched
from tests.support.services.system import System

_LEFT_BYTES = 8_000_000
"""Free space that makes RabbitMQ's alarm go off, which does at 50 MB."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that has 700 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(disk: Path, but: int = 0) -> Iterator[None]:
    """The disk, full but for so many bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        while (room := shutil.disk_usage(disk).free - but) > 0:
            file.write(b"-" * min(room, 1_000_000))
            file.flush()
    yield
    ballast.unlink()


async def test_a_full_disk_of_mongodb_costs_no_accepted_command(
    make_system: Callable[..., System], small_disk: Path, rabbitmq_url: str, redis_url: str
) -> None:
    mongod = Mongod(find_or_install().mongod, small_disk, hold_port())
    mongodb = MongoDB([mongod])
    try:
        mongodb.start()
        system = make_system(mongodb.url, rabbitmq_url, redis_url).start()
        async with watched(system["command"]) as readiness, at_work(system) as work:
            for _ in range(3):
                await work.more(100)
                readiness.forget()
                with filled(small_disk):
                    await eventually(lambda: ended(mongod), limit=300)
                    await readiness.said_down("mongodb")
                mongodb.start()
                await readiness.says_up("mongodb")
            await work.more(100)
    finally:
        mongodb.close()


async def ended(mongod: Mongod) -> bool:
    """MongoDB ends itself rather than go on with what it can't write."""
    return not mongod.running


async def test_a_full_disk_of_the_broker_costs_nothing_but_time(
    make_system: Callable[..., System], small_disk: Path, mongodb_url: str, redis_url: str
) -> None:
    programs = find_or_install()
    rabbitmq = RabbitMQ(programs.rabbitmq_server, programs.epmd, small_disk)
    try:
        rabbitmq.start()
        system = make_system(mongodb_url, rabbitmq.url, redis_url).start()
        async with watched(system["command"]) as readiness, at_work(system) as work:
            for left in (_LEFT_BYTES, _LEFT_BYTES, 0):
                await work.more(100)
                readiness.forget()
                with filled(small_disk, left):
                    await readiness.said_down("rabbitmq")
                    await work.more(100)
                    await work.more_answers(20)
                if not left:  # its write-ahead log has failed, and it stays so until somebody restarts it
                    await asyncio.to_thread(rabbitmq.kill)
                    await asyncio.to_thread(rabbitmq.start)
                await readiness.says_up("rabbitmq")
                await eventually(lambda: consumed(rabbitmq), limit=60)
    finally:
        rabbitmq.close()
