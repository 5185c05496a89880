"""An answer of Server-Sent Events: subscribed before the first state is read, given back when the client has gone."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import ExitStack

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from twinpath.domain.views import View
from twinpath.queries.endpoints.answering import Queries, cache_control
from twinpath.queries.reading.live import Source


class EventStream(StreamingResponse):
    """Frames for as long as the client listens; `held` is given back at the end, even when it never began."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[bytes], views: Iterable[View], held: ExitStack) -> None:
        super().__init__(frames, headers={"Cache-Control": cache_control(views), "X-Accel-Buffering": "no"})
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await super().__call__(scope, receive, send)


async def open_stream(
    request: Request,
    queries: Queries,
    source: Source,
    followed: Sequence[View],
    key: str | None = None,
    pace: float = 0.0,
    joined: Sequence[View] = (),
) -> EventStream:
    """What `source` tells of the followed views, or of what has this key in the only one.

    It begins when they, and those that are `joined`, have reached the causal token. Raises what waiting for the token
    and reading the first state raise.
    """
    await queries.token_seen(request, *followed, *joined)
    with ExitStack() as stack:
        subscription = stack.enter_context(queries.live.subscribed(*(view.name for view in followed), key=key))
        first = await source.everything()  # after subscribing, so that no change falls between
        frames = queries.live.frames(subscription, source, first, pace)
        return EventStream(frames, (*followed, *joined), stack.pop_all())


def frame(event: str, data: bytes, event_id: int | None = None) -> bytes:
    """An event as it is sent. `data` is JSON in one line."""
    head = b"" if event_id is None else b"id: %d\n" % event_id
    return head + b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
