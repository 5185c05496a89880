"""What every query endpoint shares: waiting for a causal token or a version, ETag and 304, refusing parameters."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from twinpath.domain.views import View
from twinpath.errors import MalformedRequest, NotYetVisible
from twinpath.http.causal_token import parse_token
from twinpath.identity.authentication import caller_of
from twinpath.queries.reading.causal_waits import CausalWaits
from twinpath.queries.reading.live import LiveViews
from twinpath.queries.reading.views import ViewQueries

_BEHIND = "The view has not reached what the causal token or X-Version names. Ask again."
_TOKEN_HEADERS = (b"causal-token", b"x-causal-token")


@dataclass(frozen=True)
class Queries:
    """What the endpoints answer with."""

    views: ViewQueries
    waits: CausalWaits
    live: LiveViews

    def for_caller(self, request: Request) -> "Queries":
        """What a request's caller may see: everything, or the documents of one owner."""
        owner = caller_of(request).owner
        return self if owner is None else replace(self, views=self.views.owned_by(owner))

    async def token_seen(self, request: Request, *views: View) -> bool:
        """Wait until these views have reached the request's causal token, if it has one; whether it had.

        Raises:
            NotYetVisible: the time ran out.
            MalformedRequest: the token can't be read, or names an unknown log.
        """
        given = [value.decode("latin-1") for name, value in request.scope["headers"] if name in _TOKEN_HEADERS]
        if not given:
            return False
        token = parse_token(",".join(given))
        if not all(await asyncio.gather(*(self.waits.reached(view.name, token) for view in views))):
            raise NotYetVisible(_BEHIND)
        return True

    async def version_seen(
        self, request: Request, view: View, key: str, shows: Callable[[str, int], Awaitable[bool]]
    ) -> bool:
        """Wait until the view shows the request's X-Version of what has this key, if it has one; whether it had.

        Raises:
            NotYetVisible: the time ran out.
            MalformedRequest: X-Version is no number.
        """
        given = request.headers.get("x-version")
        if given is None:
            return False
        if not (given.isascii() and given.isdigit() and len(given) <= 15):
            raise MalformedRequest("X-Version takes the version of one aggregate, as in 7.", code="malformed_version")
        now = asyncio.get_running_loop().time
        deadline = now() + self.waits.seconds
        with self.waits.around(f"wait for {view.name}"), self.live.subscribed(view.name, key=key) as subscription:
            while not await shows(key, int(given)):
                if self.live.stopping or not await subscription.wait(deadline - now()):
                    raise NotYetVisible(_BEHIND)
                subscription.take()
        return True


def refuse_parameters(request: Request) -> None:
    """A query without parameters refuses every one, so that a misspelt one is noticed."""
    if request.scope["query_string"]:
        unknown = [
            {"type": "extra_forbidden", "loc": ("query", name), "msg": "Unknown parameter", "input": value}
            for name, value in request.query_params.items()
        ]
        if unknown:
            raise RequestValidationError(unknown)


def answered(
    request: Request, body: bytes, etag: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """200 with the body, or 304 when the client has it already."""
    etag = etag or f'"{blake2b(body, digest_size=9).hexdigest()}"'
    sent = {"ETag": etag, "Cache-Control": "no-cache", **(headers or {})}
    asked = request.headers.get("if-none-match")
    if asked is not None and (asked == "*" or etag in [tag.strip().removeprefix("W/") for tag in asked.split(",")]):
        return Response(status_code=304, headers=sent)
    return Response(body, headers=sent, media_type="application/json")


def dumped(content: object) -> bytes:
    """JSON in one line, times with Z."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)
