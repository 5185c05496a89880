"""Sends commands to a command service, a batch a request: whatever breaks is sent again with the same keys."""

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import orjson
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from twinpath.errors import Unavailable
from twinpath.importing.batches import Asked, Refusal
from twinpath.importing.kinds import kind_of

_PATIENCE_SECONDS = 120.0
_OFTEN = frozenset({503, 500})
"""Answers to a line that another try may better."""


class _NotYet(Exception):
    """Something did not answer; the same again may go through."""


class Service:
    """A command service, as a client of its base URL reaches it; `patience` is for how many seconds it may be away.

    When it does not answer `on_wait` is told why, and that it is tried again, once each time.
    """

    def __init__(
        self,
        client: httpx.Client,
        actor: str,
        patience: float = _PATIENCE_SECONDS,
        on_wait: Callable[[str], None] = lambda words: None,
    ) -> None:
        self._client = client
        self._on_wait = on_wait
        self._headers = {"X-Actor": actor, "Content-Type": "application/x-ndjson"}
        self._retrying = Retrying(
            retry=retry_if_exception_type(_NotYet),
            stop=stop_after_delay(patience),
            wait=wait_exponential_jitter(multiplier=0.2, max=5),
            before_sleep=self._waits,
            reraise=True,
        )

    def carry_out(self, commands: Sequence[Asked]) -> list[Refusal | None]:
        """Why each of the commands was not taken, None for one that was; with what is to follow those that were.

        Raises Unavailable, when the service stays away.
        """
        refusals = self._sent(commands)
        following = [
            (place, Asked(command.line, wanted, f"{command.key}-{number}"))
            for place, command in enumerate(commands)
            if refusals[place] is None
            for number, wanted in enumerate(command.wanted.then)
        ]
        later = self._sent([command for _, command in following])
        for (place, _), refusal in zip(following, later, strict=True):
            refusals[place] = refusals[place] or refusal
        return refusals

    def _sent(self, commands: Sequence[Asked]) -> list[Refusal | None]:
        results: dict[int, dict[str, Any]] = {}

        def send() -> None:
            waiting = [place for place in range(len(commands)) if place not in results]
            answers = self._answers([commands[place] for place in waiting])
            results.update((place, answer) for place, answer in zip(waiting, answers, strict=True))
            busy = [place for place in waiting if results[place]["status"] in _OFTEN]
            if busy:
                detail = results[busy[0]].get("detail", "")
                for place in busy:
                    del results[place]
                raise _NotYet(detail)

        if commands:
            try:
                self._retrying(send)
            except _NotYet as error:
                raise Unavailable(self._why(error)) from error
        return [_refusal(commands[place].line, results[place]) for place in range(len(commands))]

    def _waits(self, state: RetryCallState) -> None:
        if state.attempt_number == 1 and state.outcome is not None:
            self._on_wait(f"{self._why(state.outcome.exception())}; it is tried again for a while")

    def _why(self, error: BaseException | None) -> str:
        return f"the command service at {self._client.base_url} does not answer: {error}"

    def _answers(self, commands: Sequence[Asked]) -> list[dict[str, Any]]:
        content = b"".join(command.as_line() for command in commands)
        try:
            answer = self._client.post("/api/v1/commands", content=content, headers=self._headers)
        except httpx.UnsupportedProtocol as error:
            raise Unavailable(f"{self._client.base_url} is no address of a command service: {error}") from error
        except httpx.TransportError as error:
            raise _NotYet(f"{type(error).__name__} {error}".strip()) from error
        if answer.status_code in (429, 500, 502, 503, 504):
            raise _NotYet(f"it answers {answer.status_code}")
        if answer.status_code != 200:
            raise Unavailable(f"the command service refuses all commands with {answer.status_code}: {answer.text:.300}")
        answers = [orjson.loads(line) for line in answer.content.splitlines()]
        if len(answers) != len(commands):
            raise _NotYet(f"it answered {len(answers)} of {len(commands)} commands")
        return answers


def _refusal(line: int, result: dict[str, Any]) -> Refusal | None:
    if result["status"] < 300:
        return None
    kind, detail = kind_of(result)
    return Refusal(line, kind, detail)
