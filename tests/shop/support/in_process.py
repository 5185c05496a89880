"""The whole shop in memory behind an HTTP client that does not await, as the command line has one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from deploy.shop import SHOP
from twinpath.testing.in_memory import InMemorySystem


class _Transport(httpx.BaseTransport):
    def __init__(self, app: httpx.ASGITransport, runner: asyncio.Runner) -> None:
        self._app = app
        self._runner = runner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx.BaseTransport."""
        content = request.read()
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=content)

        async def answered() -> httpx.Response:
            answer = await self._app.handle_async_request(asked)
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return self._runner.run(answered())


@contextmanager
def shop_in_process() -> Iterator[httpx.Client]:
    """A client of both of its APIs."""
    app = InMemorySystem(SHOP).app
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        with httpx.Client(transport=_Transport(httpx.ASGITransport(app), runner), base_url="http://shop") as client:
            yield client
        runner.run(lifespan.__aexit__(None, None, None))
