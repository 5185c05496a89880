"""An answer of Server-Sent Events: subscribed before the first state is read, given back when the client has gone."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import ExitStack, suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from twinpath.domain.views import View
from twinpath.identity.authentication import caller_of, is_let_in_still
from twinpath.queries.endpoints.answering import Queries, cache_control, token_header
from twinpath.queries.reading.live import Source
from twinpath.queries.reading.reach import Reach

SEND_SECONDS = 30.0


class EventStream(StreamingResponse):
    """Frames for as long as the client listens; `held` is given back at the end, even when it never began.

    A client that takes nothing for a while is let go; until then its subscription keeps a bounded number of changes.
    """

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[bytes], views: Iterable[View], reach: Reach, held: ExitStack) -> None:
        headers = {"Cache-Control": cache_control(views), "X-Accel-Buffering": "no", **token_header(reach)}
        super().__init__(frames, headers=headers)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        with self._held, suppress(TimeoutError, ClientDisconnect):
            await super().__call__(scope, receive, send_in_time)


async def open_stream(
    request: Request,
    queries: Queries,
    source: Source,
    followed: Sequence[View],
    key: str | None = None,
    pace: float = 0.0,
    joined: Sequence[View] = (),
    alone: bool = False,
) -> EventStream:
    """What `source` tells of the followed views, or of what has this key in the only one; see Reach for `alone`.

    It begins when they, and those that are `joined`, have reached the causal token, and ends with the caller's token.
    Raises what waiting for the token and reading the first state raise, TooMany and Unavailable where too many streams
    are open.
    """
    with ExitStack() as stack:
        stack.enter_context(queries.seats.taken(request.scope))
        await queries.token_seen(request, *followed, *joined)
        subscription = stack.enter_context(queries.live.subscribed(*(view.name for view in followed), key=key))
        reach = queries.reach(key, alone)
        async with queries.seats.opening():
            reach.view(*(view.name for view in (*followed, *joined)))  # before the first state is read, past any copy
            first = await source.everything()  # after subscribing, so that no change falls between
        frames = queries.live.frames(subscription, source, first, pace)
        if (expires := caller_of(request).expires) is not None:
            frames = _until(expires, request.scope, frames)
        return EventStream(frames, (*followed, *joined), reach, stack.pop_all())


async def _until(expires: float, scope: Scope, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The frames until the caller's token ends, in seconds since 1970, or is not taken any more."""
    with suppress(TimeoutError):
        while True:
            async with asyncio.timeout(max(0.0, expires - time.time())):
                try:
                    following = await anext(frames)
                except StopAsyncIteration:
                    return
                if not await is_let_in_still(scope):
                    return
            yield following


def frame(event: str, data: bytes, event_id: int | None = None) -> bytes:
    """An event as it is sent. `data` is JSON in one line."""
    head = b"" if event_id is None else b"id: %d\n" % event_id
    return head + b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
