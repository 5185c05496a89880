"""Shares of a work that are done side by side, each by a process of its own, any of which may be killed."""

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from twinpath.errors import TwinpathError
from twinpath.observability.logs import configure_logs
from twinpath.running.garbage import IN_BULK, collect_seldom

Work = Callable[..., Awaitable[None]]
_WORTH_A_PROCESS = 20_000
"""Events; with fewer, starting a process takes longer than it saves."""


class FillingEnded(TwinpathError):
    """A process that filled is gone."""

    code = "filling_ended"


def shares_of(logs: Sequence[str], events: int, processes: int) -> list[Sequence[str]]:
    """The logs that each process takes; a single share where more processes than one would not pay."""
    useful = max(1, min(processes, len(logs), events // _WORTH_A_PROCESS))
    return [logs[n::useful] for n in range(useful)]


async def done_side_by_side(work: Work, shares: Sequence[Sequence[Any]]) -> None:
    """Return when `work`, a function of a module, is done with every share of arguments. Raises FillingEnded."""
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_do, args=(work, share), daemon=True) for share in shares]
    for worker in workers:
        worker.start()
    try:
        await asyncio.gather(*(asyncio.to_thread(worker.join) for worker in workers))
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    if any(worker.exitcode for worker in workers):
        raise FillingEnded("a process that filled has ended too early; the same command goes on from there")


def _do(work: Work, share: Sequence[Any]) -> None:
    """In a process that ends with the one that started it, however that one ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that started it, which then ends this one
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    configure_logs("cli", "warning")
    collect_seldom(IN_BULK)

    async def carry_out() -> None:
        await work(*share)

    asyncio.run(carry_out())


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
