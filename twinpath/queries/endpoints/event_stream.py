"""An answer of Server-Sent Events: subscribed before the first state is read, given back when the client has gone."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from twinpath.http.problem_details import problem_responses
from twinpath.queries.endpoints.answering import CAUSAL_HEADERS, wait_for_token
from twinpath.queries.reading.live import LiveViews, Source


class EventStream(StreamingResponse):
    """Frames for as long as the client listens; `held` is given back at the end, even when it never began."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[bytes], held: ExitStack) -> None:
        super().__init__(frames, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await super().__call__(scope, receive, send)


async def open_stream(
    request: Request, view: str, key: str | None, source: Source, pace: float = 0.0, also: tuple[str, ...] = ()
) -> EventStream:
    """What `source` tells of a view, or of what has this key in it, once the view has reached the causal token.

    `also` names further views whose changes make `source` tell. Raises what waiting for the token and reading the first
    state raise.
    """
    await wait_for_token(request, view, *also)
    live: LiveViews = request.app.state.live
    with ExitStack() as stack:
        subscription = stack.enter_context(live.subscribed(view, *also, key=key))
        first = await source.everything()  # after subscribing, so that no change falls between
        return EventStream(live.frames(subscription, source, first, pace), stack.pop_all())


def streams(*problems: int) -> dict[str, Any]:
    """The options of a route that answers with a stream."""
    content = {"text/event-stream": {"schema": {"type": "string"}}}
    stream = {200: {"description": "Server-Sent Events, without end", "content": content}}
    return {
        "status_code": 200,
        "response_class": EventStream,
        "responses": stream | problem_responses(202, 400, *problems),
        "openapi_extra": CAUSAL_HEADERS,
    }


def frame(event: str, data: bytes, event_id: int | None = None) -> bytes:
    """One event, as it is sent. `data` is JSON in one line."""
    head = b"" if event_id is None else b"id: %d\n" % event_id
    return head + b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
