"""What every query endpoint shares: waiting for a causal token or a version, ETag and 304, refusing parameters."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from hashlib import blake2b

import orjson
from fastapi import Request, Response

from twinpath.clock import Clock
from twinpath.domain.views import View
from twinpath.errors import MalformedRequest, NotYetVisible, StaleVersion
from twinpath.facts.interface import FactsReader
from twinpath.http.causal_token import parse_token
from twinpath.http.conditions import condition_of
from twinpath.http.headers import joined_header
from twinpath.identity.authentication import caller_of
from twinpath.queries.endpoints.seats import Seats
from twinpath.queries.reading.causal_waits import CausalWaits
from twinpath.queries.reading.cursor import Cursors
from twinpath.queries.reading.live import LiveViews
from twinpath.queries.reading.reach import Reach
from twinpath.queries.reading.searches import Searches
from twinpath.queries.reading.views import ViewQueries

_BEHIND = "The view has not reached what the causal token or X-Version names. Ask again."
TOKEN_HEADERS = (b"causal-token", b"x-causal-token")


@dataclass(frozen=True)
class Queries:
    """What the endpoints of an app answer with; the endpoints themselves are made of declarations alone."""

    views: ViewQueries
    waits: CausalWaits
    live: LiveViews
    cursors: Cursors
    seats: Seats
    waiting: Seats
    searches: Searches
    facts: FactsReader
    clock: Clock
    zone: tzinfo
    """Of the days that dashboards and reports show."""

    @classmethod
    def for_request(cls, request: Request) -> "Queries":
        """Those of the request's app, as its caller may see them: everything, or the documents of one owner."""
        queries: Queries = request.app.state.queries
        owner = caller_of(request).owner
        return queries if owner is None else replace(queries, views=queries.views.owned_by(owner))

    def reach(self, stream: str | None = None, alone: bool = False) -> Reach:
        """Of one answer, before anything is read for it."""
        return Reach(self.waits.heard, stream, alone)

    async def token_seen(self, request: Request, *views: View) -> bool:
        """Wait until these views have reached the request's causal token, if it has one; whether it had.

        Raises:
            NotYetVisible: the time ran out.
            TooMany, Unavailable: too many wait already.
            MalformedRequest: the token can't be read, or names an unknown log.
        """
        given = joined_header(request.scope, *TOKEN_HEADERS)
        if given is None:
            return False
        token = parse_token(given)
        with self.waiting.taken(request.scope):
            reached = await asyncio.gather(*(self.waits.reached(view.name, token) for view in views))
        if not all(reached):
            raise NotYetVisible(_BEHIND)
        return True

    async def version_seen(
        self, request: Request, view: View, key: str, shows: Callable[[str, int], Awaitable[bool]]
    ) -> bool:
        """Wait until the view shows the request's X-Version of what has this key, if it has one; whether it had.

        Raises:
            NotYetVisible: the time ran out.
            TooMany, Unavailable: too many wait already.
            MalformedRequest: X-Version is no number.
        """
        given = joined_header(request.scope, b"x-version")
        if given is None:
            return False
        if not (given.isascii() and given.isdigit() and len(given) <= 15):
            raise MalformedRequest("X-Version takes the version of one aggregate, as in 7.", code="malformed_version")
        now = asyncio.get_running_loop().time
        deadline = now() + self.waits.seconds
        with (
            self.waiting.taken(request.scope),
            self.waits.around(f"wait for {view.name}"),
            self.live.subscribed(view.name, key=key) as subscription,
        ):
            while not await shows(key, int(given)):
                if self.live.stopping or not await subscription.wait(deadline - now()):
                    raise NotYetVisible(_BEHIND)
                subscription.take()
        return True


def answered(
    request: Request,
    body: bytes,
    views: Iterable[View],
    etag: str | None = None,
    headers: Mapping[str, str] | None = None,
    reach: Reach | None = None,
    media_type: str = "application/json",
) -> Response:
    """200 with the body, which shows these views, or 304 when the client has it already; with how far it `reach`es.

    Raises:
        StaleVersion: `precondition_failed`: If-Match names none that fits.
        MalformedRequest: a condition can't be read.
    """
    etag = etag or f'"{blake2b(body, digest_size=9).hexdigest()}"'
    sent = {"ETag": etag, "Cache-Control": cache_control(views), **token_header(reach), **(headers or {})}
    condition = condition_of(joined_header(request.scope, b"if-match"), joined_header(request.scope, b"if-none-match"))
    if condition and condition.match and not condition.match.strongly(etag):
        raise StaleVersion(f"It is {etag} now, which If-Match does not name.", code="precondition_failed")
    if condition and condition.none_match and condition.none_match.weakly(etag):
        return Response(status_code=304, headers=sent)
    return Response(body, headers=sent, media_type=media_type)


def token_header(reach: Reach | None) -> dict[str, str]:
    """The causal token of an answer; none in the moment before the service has heard where its views are."""
    token = reach and reach.token
    return {"Causal-Token": token} if token else {}


def cache_control(views: Iterable[View]) -> str:
    """Who may keep what is shown of these views: nobody what is personal, others it if they ask before each use."""
    return "private, no-store" if any(view.is_personal for view in views) else "no-cache"


def dumped(content: object) -> bytes:
    """JSON in one line, times with Z."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)
