"""An event loop for model checks: several processes in one thread, virtual time, each step chosen from outside.

Within a process callbacks run in the order asyncio promises; between processes, and between a process and what comes
over the network, every order is possible. A process is what dies together: its tasks, its timers, its memory.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from itertools import count
from typing import Any


class Process:
    """One operating system process: alive until it crashes; while it is paused it does nothing, and knows nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.paused = False
        self.ready: deque[asyncio.Handle] = deque()
        self.timers: list[tuple[float, int, asyncio.TimerHandle]] = []

    @property
    def runs(self) -> bool:
        """Whether it does anything just now."""
        return self.alive and not self.paused

    def __repr__(self) -> str:
        return self.name


_RUNS_IN: ContextVar[Process] = ContextVar("process")


def current_process() -> Process:
    """The process whose code is running."""
    return _RUNS_IN.get()


class ModelLoop(asyncio.AbstractEventLoop):
    """What asyncio needs of a loop; it never runs by itself."""

    def __init__(self) -> None:
        self.processes: list[Process] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self._now = 0.0
        self._numbers = count()

    def spawn(self, process: Process, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task in a process; the tasks it makes are in the same process."""
        context = copy_context()
        context.run(_RUNS_IN.set, process)
        return self.create_task(work, context=context)

    def process(self, name: str) -> Process:
        """A new process."""
        process = Process(name)
        self.processes.append(process)
        return process

    def crash(self, process: Process) -> None:
        """End a process at once: nothing of it runs any more, not even a finally."""
        process.alive = False

    def run_one(self, process: Process) -> None:
        """Run the callback of a process that is next."""
        handle = process.ready.popleft()
        if not handle.cancelled():
            handle._run()

    def runnable(self) -> list[Process]:
        """The processes that have something to do now."""
        return [process for process in self.processes if process.ready and process.runs]

    def advance(self) -> bool:
        """Let time pass until the next timer; False when nobody waits for one."""
        awake = [process for process in self.processes if process.runs]
        for process in awake:
            while process.timers and process.timers[0][2].cancelled():
                heapq.heappop(process.timers)
        due = [process.timers[0][0] for process in awake if process.timers]
        if not due:
            return False
        self._now = max(self._now, min(due))
        for process in awake:
            self._fire(process)
        return True

    def resume(self, process: Process) -> None:
        """Let a paused process go on: what should have happened meanwhile happens now."""
        process.paused = False
        self._fire(process)

    def dispose(self) -> None:
        """Cancel whatever is left, so that nothing is collected half done; nobody may be asked for anything then."""
        for process in self.processes:
            process.alive, process.paused = True, False
        for _ in range(50):
            left = [task for task in self.tasks if not task.done()]
            for task in left:
                task.cancel()
            if not left:
                break
            while runnable := self.runnable():
                self.run_one(runnable[0])
            self.advance()
        for task in self.tasks:
            if task.done() and not task.cancelled():
                task.exception()

    def _fire(self, process: Process) -> None:
        while process.timers and process.timers[0][0] <= self._now:
            process.ready.append(heapq.heappop(process.timers)[2])

    # what asyncio calls

    def time(self) -> float:
        """Seconds since the history began."""
        return self._now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """See AbstractEventLoop."""
        context = context or copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        context[_RUNS_IN].ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See AbstractEventLoop."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See AbstractEventLoop."""
        context = context or copy_context()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(context[_RUNS_IN].timers, (when, next(self._numbers), handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        """See AbstractEventLoop."""
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> asyncio.Task[Any]:
        """See AbstractEventLoop; whatever its context is, it is in the process that makes it."""
        if context is not None and _RUNS_IN not in context:
            context.run(_RUNS_IN.set, current_process())
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self.tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """See AbstractEventLoop: an answer that nobody reads any more, as after a crash, is no failure here."""

    def get_debug(self) -> bool:
        """See AbstractEventLoop."""
        return False

    def is_running(self) -> bool:
        """See AbstractEventLoop."""
        return True

    def is_closed(self) -> bool:
        """See AbstractEventLoop."""
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is left out when its time comes."""
