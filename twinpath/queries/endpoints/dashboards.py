"""Dashboards: a document that is computed when it is asked for, and as it changes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC
from functools import partial

import orjson
from fastapi import Request, Response

from twinpath.domain.resource import Dashboard
from twinpath.domain.views import NOTHING, Document, Order, Range, View
from twinpath.http.parameters import refuse_parameters
from twinpath.queries.endpoints import describing
from twinpath.queries.endpoints.answering import Queries, answered, dumped
from twinpath.queries.endpoints.event_stream import frame, open_stream
from twinpath.queries.endpoints.routes import Routes
from twinpath.queries.reading.live import Changed
from twinpath.queries.reading.reach import Reach
from twinpath.queries.reading.views import Selection


def add_dashboard(routes: Routes, dashboard: Dashboard) -> None:
    """Add `GET <path>` and `GET <path>/events`."""
    endpoint = _Dashboard(dashboard)
    operation = dashboard.path[1:].replace("/", "_")
    routes.tags.setdefault(operation.partition("_")[0], f"{dashboard.summary}.")
    routes.get(
        dashboard.path,
        endpoint.answer,
        {},
        f"get_{operation}",
        dashboard.allow,
        summary=dashboard.summary,
        description=dashboard.description,
        **describing.query(dashboard.model, dashboard.example),
    )
    routes.get(
        f"{dashboard.path}/events",
        endpoint.events,
        {},
        f"follow_{operation}",
        dashboard.allow,
        summary=f"{dashboard.summary}, as it changes",
        description=f"`event: {dashboard.name}`, first as it is, then after changes, at most once in"
        f" {dashboard.pace:g} seconds.",
        **describing.stream(),
    )


class _Dashboard:
    def __init__(self, dashboard: Dashboard) -> None:
        self._dashboard = dashboard

    async def answer(self, request: Request) -> Response:
        """The dashboard as it is now."""
        refuse_parameters(request)
        queries = Queries.for_request(request)
        fresh = await queries.token_seen(request, *self._dashboard.views)
        reach = queries.reach()
        return answered(request, await self.body(queries, fresh, reach), self._dashboard.views, reach=reach)

    async def events(self, request: Request) -> Response:
        """The dashboard as it changes."""
        refuse_parameters(request)
        queries = Queries.for_request(request)
        source = _LiveDashboard(partial(self.body, queries, fresh=True), self._dashboard.name)
        return await open_stream(request, queries, source, self._dashboard.views, pace=self._dashboard.pace)

    async def body(self, queries: Queries, fresh: bool, reach: Reach | None = None) -> bytes:
        """What is sent. Raises Unavailable."""
        reads = _Reads(queries, self._dashboard.views[0], fresh, reach)
        return dumped(await self._dashboard.body(reads))


class _Reads:
    """See twinpath.domain.resource.Reads."""

    def __init__(self, queries: Queries, view: View, fresh: bool, reach: Reach | None) -> None:
        self.now = queries.clock().astimezone(UTC)
        self.zone = queries.zone
        self._queries = queries
        self._view = view
        self._fresh = fresh
        self._reach = reach

    async def logs(self) -> Sequence[str]:
        """See Reads.logs."""
        return await self._queries.waits.logs(self._view.name)

    async def documents(self, view: View, ids: Sequence[str]) -> Mapping[str, Document]:
        """See Reads.documents."""
        ready = await self._queries.views.ready_many(view, ids, self._fresh, self._reach)
        return {document.id: orjson.loads(document.body) for document in ready.values()}

    async def first(
        self, view: View, count: int, order: Order, ranges: Mapping[str, Range] = NOTHING
    ) -> Sequence[Document]:
        """See Reads.first."""
        selection = Selection(view, order=order, ranges=ranges)
        page = await self._queries.views.page(selection, None, count, self._reach)
        return [view.shown(document) for document in page.documents]


class _LiveDashboard:
    """A Source: the dashboard, first as it is, then whenever it is another."""

    def __init__(self, body: Callable[[], Awaitable[bytes]], name: str) -> None:
        self._body = body
        self._name = name
        self._sent = b""

    async def everything(self) -> list[bytes]:
        """See Source.everything."""
        body = await self._body()
        if body == self._sent:
            return []
        self._sent = body
        return [frame(self._name, body)]

    async def changes(self, changed: Changed) -> list[bytes]:
        """See Source.changes."""
        return await self.everything()
