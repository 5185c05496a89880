"""`twinpath parked` over a process: the same commands; a command service that runs carries a retry out."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.shop.support.written_log import Written
from twinpath.clock import utc_now
from twinpath.commands.processes.leaving_aside import LeavingAside
from twinpath.commands.processes.mongo_timers import MongoTimers
from twinpath.commands.processes.parking import process_parking
from twinpath.commands.processes.timers import Timer
from twinpath.domain.events import RecordedEvent
from twinpath.ids import log_of, logs_of
from twinpath.log.mongodb import MongoEventLog
from twinpath.mongo_client import mongo_client


class Parked(Written):
    """A log of customers; the process `erasure` has parked the stream of one, beginning with its first event."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, name)
        self.url, self.name = url, f"{name}_log"
        self.handled: list[int] = []
        self.refused: set[int] = {1}
        self.refused_timers: set[str] = set()
        [self.stream] = asyncio.run(self.write(1))
        asyncio.run(self._with(self._park))

    async def _handle(self, recorded: RecordedEvent) -> None:
        if recorded.version in self.refused:
            raise ValueError(f"can't take {recorded.type}")
        self.handled.append(recorded.version)

    async def park_timer(self, stream: str) -> None:
        """A timer of the process that could not be carried out."""
        async with mongo_client(self.url, "test") as client:
            timers, now = MongoTimers(client, self.name), utc_now()
            timer = Timer("erasure", "expiry", stream, now, "cancel_order", "{}", f"{stream}@1", now, "c-1")
            await timers.put(timer)
            await timers.postpone(timer, "broken", None)
        self.refused_timers.add(stream)

    async def _try_timers(self, timers: MongoTimers) -> None:
        for timer in await timers.due("erasure", utc_now()):
            if timer.stream in self.refused_timers:
                await timers.postpone(timer, "still broken", None)
            else:
                await timers.carried_out(timer)

    async def _park(self, aside: LeavingAside, log: MongoEventLog, _: MongoTimers) -> None:
        first, last = await log.read_stream(log_of(self.stream, 4), self.stream, 0, 2)
        await aside.park(first, last, ValueError("can't take it"))

    async def _with(
        self, work: Callable[[LeavingAside, MongoEventLog, MongoTimers], Coroutine[Any, Any, None]]
    ) -> None:
        async with mongo_client(self.url, "test") as client:
            log = MongoEventLog(client, self.name, logs_of(("customer",), 4))
            parking = process_parking(client, self.name)
            await parking.prepare()
            await work(LeavingAside("erasure", parking, log, self._handle), log, MongoTimers(client, self.name))

    @contextmanager
    def service(self) -> Iterator[None]:
        """A command service that takes up what is asked for."""
        stopping = threading.Event()

        async def look(aside: LeavingAside, _: MongoEventLog, timers: MongoTimers) -> None:
            while not stopping.is_set():
                await aside.look()
                await self._try_timers(timers)
                await asyncio.sleep(0.02)

        thread = threading.Thread(target=lambda: asyncio.run(self._with(look)))
        thread.start()
        yield
        stopping.set()
        thread.join()


@pytest.fixture
def parked(mongodb_url: str, unique: str) -> Iterator[Parked]:
    parked = Parked(mongodb_url, unique)
    with parked.client:
        yield parked


def test_what_a_process_has_parked_is_listed_and_shown(parked: Parked) -> None:
    listed = parked.run("parked", "list").stdout.splitlines()
    shown = parked.run("parked", "show", "erasure", parked.stream).stdout

    assert listed[0].startswith(f"erasure {parked.stream} version 1 ")
    assert listed[1] == "1 stream parked, 2 events"
    assert "customer.registered" in shown
    assert "customer.renamed" in shown


def test_a_retry_is_carried_out_by_the_command_service(parked: Parked) -> None:
    with parked.service():
        failed = parked.run("parked", "retry", "--yes", "--projection", "erasure")
        assert (failed.exit_code, parked.handled) == (1, [])
        assert "tried 2 times" in failed.stdout
        parked.refused = set()
        retried = parked.run("parked", "retry", "--yes", "--stream", parked.stream)

    assert (retried.exit_code, parked.handled) == (0, [1, 2])
    assert retried.stdout.splitlines()[-1] == "2 events applied, 1 stream free, 0 parked again"
    assert parked.run("parked", "list").stdout == "0 streams parked, 0 events\n"


def test_an_event_is_skipped_and_what_comes_after_it_is_handled(parked: Parked) -> None:
    skipped = parked.run("parked", "skip", "erasure", parked.stream, "1", "--reason", "a test", "--by", "ann")
    assert skipped.exit_code == 0
    assert "1 event after it still wait" in skipped.stdout
    with parked.service():
        retried = parked.run("parked", "retry", "--yes")

    assert (retried.exit_code, parked.handled) == (0, [2])
    assert "by ann: a test" in parked.run("parked", "list", "--skipped").stdout


def test_parked_timers_are_listed_and_tried_again_with_the_streams(parked: Parked) -> None:
    asyncio.run(parked.park_timer("order-1"))
    asyncio.run(parked.park_timer("order-2"))
    listed = parked.run("parked", "list").stdout.splitlines()

    with parked.service():
        failed = parked.run("parked", "retry", "--yes", "--projection", "erasure", "--stream", "order-1")
        parked.refused_timers.clear()
        retried = parked.run("parked", "retry", "--yes", "--stream", "order-2")

    assert [line.split(":")[0] for line in listed[1:3]] == [
        f"erasure {stream} timer expiry" for stream in ("order-1", "order-2")
    ]
    assert (failed.exit_code, retried.exit_code) == (1, 0)
    assert failed.stdout.splitlines()[-1] == "0 timers carried out, 1 parked again"
    assert retried.stdout.splitlines()[-1] == "1 timers carried out, 0 parked again"
    assert "order-1 timer" in parked.run("parked", "list").stdout


def test_without_a_command_service_a_retry_says_so(parked: Parked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinpath.cli.repairing.parked_processes.PATIENCE_SECONDS", 0.3)

    assert parked.run("parked", "retry", "--yes").exit_code == 2
    assert parked.run("parked", "list").stdout.startswith(f"erasure {parked.stream} version 1 ")
