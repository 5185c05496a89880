"""Keeps processes running: one that ends is started again, with growing pauses, while the others go on."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from deploy.local.process import Process, StartFailed

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
_STEADY_SECONDS = 60.0
_LOOK_SECONDS = 0.5


class Keeper:
    """Watches these processes; `tell` takes a line for people.

    The pause before a restart doubles with each end, from half a second to half a minute, and begins anew once the
    process has run for a minute.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        tell: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._processes = processes
        self._tell = tell
        self._now = now
        self._ends = dict.fromkeys(processes, 0)
        self._due: dict[Process, float] = {}
        self._since = dict.fromkeys(processes, now())
        self._starting: dict[Process, Future[None]] = {}
        self._pool = ThreadPoolExecutor(len(processes), thread_name_prefix="restart")

    def watch(self, stopping: threading.Event) -> None:
        """Look twice a second until `stopping` is set; then wait for what is just being started."""
        while not stopping.wait(_LOOK_SECONDS):
            self.look()
        self._pool.shutdown(wait=True)

    def look(self) -> None:
        """See who has ended, and start again whose pause is over."""
        for process in self._processes:
            if (starting := self._starting.get(process)) is not None:
                if starting.done():
                    del self._starting[process]
                    self._started(process, starting)
            elif process.running:
                self._due.pop(process, None)
            elif process not in self._due:
                self._ended(process)
            elif self._now() >= self._due[process]:
                del self._due[process]
                self._starting[process] = self._pool.submit(process.start)

    def _ended(self, process: Process) -> None:
        if self._now() - self._since[process] > _STEADY_SECONDS:
            self._ends[process] = 0
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** self._ends[process])
        self._ends[process] += 1
        self._due[process] = self._now() + pause
        self._tell(
            f"{process.name} ended with exit code {process.exit_code}; it is started again in {pause:g} s."
            f" Its log: {process.log}"
        )

    def _started(self, process: Process, starting: Future[None]) -> None:
        self._since[process] = self._now()
        failure = starting.exception()
        if isinstance(failure, StartFailed):
            self._tell(str(failure))
        elif failure is not None:
            raise failure
