"""One history: a tape of choices says which step comes next, and what goes wrong; then everything heals and settles.

The tape is drawn by hypothesis, so that a failing history shrinks and comes back; a zero is the plainest choice.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from tests.engine.model.loop import ModelLoop, Process
from tests.engine.model.network import Network, Step

TAPE_BYTES = 400
_MOST_STEPS = 20_000
_MOST_FAULTS_OF_256 = 12


class Violation(AssertionError):
    """A history in which a promise was broken; the message tells it step by step."""


class History:
    """A loop, a network, and who chooses. Give it processes, then `run` it."""

    def __init__(self, tape: bytes) -> None:
        self.loop = ModelLoop()  # type: ignore[abstract]  # what nobody calls here is left out
        self.network = Network(self.loop)
        self.trace: list[str] = []
        self._tape = iter(tape)
        self._left = len(tape)
        self._faulty = self._next() % (_MOST_FAULTS_OF_256 + 1)
        self._broken: list[str] = []
        self._restarts: dict[Process, Callable[[], None]] = {}
        self.steps: list[Callable[[], Iterable[Step]]] = [self.network.steps]
        """What may happen besides callbacks; worlds add theirs."""
        self.faults: list[Callable[[], Iterable[Step]]] = [self._time_passes, self.network.faults, self._mishaps]
        self.count = 0

    def process(self, name: str, start: Callable[[Process], None]) -> None:
        """A process that is started anew, with an empty memory, whenever it has crashed."""
        process = self.loop.process(name)
        self._restarts[process] = partial(self.process, name, start)
        start(process)

    def choose(self, options: int) -> int:
        """A choice of the tape: a number below `options`."""
        return self._next() % options

    def expect(self, kept: bool, promise: str) -> None:
        """Note a broken promise from within the code under test, which might take an error for one of its own."""
        if not kept:
            self._broken.append(promise)

    def run(self, settled: Callable[[], bool], checked: Callable[[], None]) -> None:
        """Play the tape, heal, and go on until it is `settled`; `checked` raises AssertionError at the end.

        Raises:
            Violation: it does not settle, or an assertion failed on the way.
        """
        asyncio._set_running_loop(self.loop)
        try:
            while self._left:
                self._step()
            self._heal()
            while not (self._idle() and settled()):
                assert self._step(), "nothing can happen any more, and it has not settled"
                assert self.count < _MOST_STEPS, "it does not settle"
            checked()
        except AssertionError as error:
            raise Violation("\n".join([str(error), "", "The history:", *self.trace])) from error
        finally:
            self.network.cut = True
            self.loop.dispose()
            asyncio._set_running_loop(None)

    def _step(self) -> bool:
        assert not self._broken, self._broken[0]
        self.count += 1
        choice = self._next()
        if choice >= 256 - self._faulty and (faults := [fault for some in self.faults for fault in some()]):
            self._take(faults)
            return True
        runnable = self.loop.runnable()
        possible: list[Step] = [step for some in self.steps for step in some()]
        at = choice % (len(runnable) + len(possible)) if runnable or possible else None
        if at is None:
            return self.loop.advance()
        if at < len(runnable):
            self.loop.run_one(runnable[at])
        else:
            self._do(possible[at - len(runnable)])
        return True

    def _take(self, faults: Sequence[Step]) -> None:
        kinds = list(dict.fromkeys(name.partition(":")[2] or name.partition(" ")[2] for name, _ in faults))
        kind = kinds[self._next() % len(kinds)]
        some = [step for step in faults if (step[0].partition(":")[2] or step[0].partition(" ")[2]) == kind]
        self._do(some[self._next() % len(some)])

    def _do(self, step: Step) -> None:
        name, act = step
        self.trace.append(name)
        act()

    def _idle(self) -> bool:
        return not self.loop.runnable() and not any(list(some()) for some in self.steps)

    def _time_passes(self) -> list[Step]:
        return [("time passes", self._advance)]

    def _advance(self) -> None:
        self.loop.advance()

    def _mishaps(self) -> list[Step]:
        found: list[Step] = []
        for process in self._restarts:
            found.append((f"{process} crashes", partial(self._crash, process)))
            if process.paused:
                found.append((f"{process} goes on", partial(self.loop.resume, process)))
            else:
                found.append((f"{process} is paused", partial(self._pause, process)))
        return found

    def _pause(self, process: Process) -> None:
        process.paused = True

    def _crash(self, process: Process) -> None:
        self.loop.crash(process)
        self._restarts.pop(process)()

    def _heal(self) -> None:
        self._faulty = 0
        self.trace.append("everything heals")
        for process in self._restarts:
            self.loop.resume(process)

    def _next(self) -> int:
        self._left = max(0, self._left - 1)
        return next(self._tape, 0)
