"""The network between processes and stores: a request may be late, its answer lost, and every order is possible.

What a store does for one request is a generator: it runs from one `yield` to the next in one indivisible step, and
other requests may come between two steps. It yields None where it can go on at any time, or a condition to wait for.
"""

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.engine.model.loop import ModelLoop, Process, current_process

Condition = Callable[[], bool]
Work = Generator[Condition | None, bool, Any]
"""What is sent into it is True when the asker's patience is over; else False."""

Step = tuple[str, Callable[[], None]]
"""What a step is called in a history, and the step."""


@dataclass(eq=False)
class Message:
    """A request, until its answer has arrived."""

    process: Process
    what: str
    work: Work
    answer: asyncio.Future[Any]
    away: Callable[[], Exception]
    """What the asker is told when the connection breaks."""
    waits_for: Condition | None = None
    began: bool = False
    outcome: tuple[Any, Exception | None] | None = None
    """What the store did for it, on its way back."""


@dataclass
class Network:
    """Every message that is under way."""

    loop: ModelLoop
    messages: list[Message] = field(default_factory=list)
    cut: bool = False
    """The history is over: nobody is answered any more."""

    async def ask(self, what: str, work: Work, away: Callable[[], Exception]) -> Any:
        """One round trip of the current process; `away` makes the error that a broken connection shows as."""
        if self.cut:
            raise away()
        message = Message(current_process(), what, work, self.loop.create_future(), away)
        self.messages.append(message)
        return await message.answer

    def steps(self) -> list[Step]:
        """What may happen next, the oldest message first."""
        return [
            (f"{message.process} {message.what}{' is answered' if message.outcome else ''}", partial(self._go, message))
            for message in self.messages
            if message.outcome or message.waits_for is None or message.waits_for()
        ]

    def faults(self) -> list[Step]:
        """What may go wrong next."""
        found: list[Step] = []
        for message in self.messages:
            name = f"{message.process} {message.what}"
            if message.answer.done() or not message.process.alive:
                continue
            if message.outcome:
                found.append((f"{name}: the answer is lost", partial(self._lose, message)))
            else:
                found.append((f"{name}: the connection breaks, and it is lost", partial(self._lose, message)))
                found.append((f"{name}: the connection breaks, and it comes later", partial(self._break, message)))
                if message.waits_for is not None:
                    found.append((f"{name}: waits for too long", partial(self._go, message, impatient=True)))
        return found

    def _go(self, message: Message, impatient: bool = False) -> None:
        if message.outcome is not None:
            value, error = message.outcome
            self._answer(message, value, error)
            return
        try:
            message.waits_for = message.work.send(impatient) if message.began else next(message.work)
            message.began = True
        except StopIteration as end:
            message.outcome = (end.value, None)
        except AssertionError:  # a promise is broken; everything else is the store's answer
            raise
        except Exception as error:
            message.outcome = (None, error)

    def _answer(self, message: Message, value: Any, error: Exception | None) -> None:
        self.messages.remove(message)
        self._tell(message, value, error)

    def _lose(self, message: Message) -> None:
        self._answer(message, None, message.away())

    def _break(self, message: Message) -> None:
        self._tell(message, None, message.away())

    def _tell(self, message: Message, value: Any, error: Exception | None) -> None:
        if message.answer.done() or not message.process.alive:
            return
        if error is None:
            message.answer.set_result(value)
        else:
            message.answer.set_exception(error)
