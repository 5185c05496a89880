"""Timers parked by processes, for `twinpath parked`: listed, and tried once more by the command service."""

from dataclasses import asdict
from typing import Any

from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from twinpath.cli.connection import Connection
from twinpath.cli.repairing import parked_processes
from twinpath.cli.showing_events import Shown, time_text
from twinpath.commands.processes.mongo_timers import MongoTimers
from twinpath.commands.processes.registry import process_names
from twinpath.commands.processes.timers import ASKED_AT, Timer
from twinpath.errors import Unavailable


class ParkedTimers:
    """Those of every process, of one, or of one stream."""

    def __init__(self, connection: Connection, process: str | None, stream: str | None) -> None:
        self._timers = MongoTimers(connection.client, connection.settings.log_database)
        self._processes = [name for name in process_names(connection.application) if process in (None, name)]
        self._stream = stream

    async def all(self, most: int) -> list[Timer]:
        """At most so many, by process and id. Raises Unavailable."""
        timers = [timer for name in self._processes for timer in await self._timers.parked(name, most)]
        return [timer for timer in timers if self._stream in (None, timer.stream)][:most]

    async def retry(self) -> int:
        """Ask for all to be tried, and wait for what comes of it; how many parked again. Raises Unavailable."""
        for name in self._processes:
            await self._timers.retry(name, self._stream)
        looking = AsyncRetrying(
            retry=retry_if_result(bool),
            wait=wait_fixed(0.2),
            stop=stop_after_delay(parked_processes.PATIENCE_SECONDS),
            retry_error_callback=lambda state: True,
        )
        if await looking(self._are_asked_for):
            raise Unavailable("no command service has tried the timers yet; it will when it runs")
        return len(await self.all(1_000_000))

    async def _are_asked_for(self) -> bool:
        return any([await self._timers.due(name, ASKED_AT, 1) for name in self._processes])


def show_timer(timer: Timer, as_json: bool) -> None:
    """Write a line of it; its payload stays where it is."""
    if as_json:
        facts: dict[str, Any] = asdict(timer)
        del facts["payload"]
        Shown(as_json).json(facts)
        return
    state = f"due {time_text(timer.due)}, tried {timer.attempts} times: {timer.reason}"
    print(f"{timer.process} {timer.stream} timer {timer.kind}: {state}", flush=True)
