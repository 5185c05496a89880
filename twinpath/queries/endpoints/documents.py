"""One document by the id of its aggregate, and it as it changes."""

from functools import partial

from fastapi import Request, Response

from twinpath.domain.resource import Join, Resource
from twinpath.domain.views import Cached, View
from twinpath.http.parameters import refuse_parameters
from twinpath.queries.endpoints import describing
from twinpath.queries.endpoints.answering import Queries, answered
from twinpath.queries.endpoints.event_stream import frame, open_stream
from twinpath.queries.endpoints.models import shown_model
from twinpath.queries.endpoints.routes import Routes, id_in_path
from twinpath.queries.reading.live import Changed
from twinpath.queries.reading.views import ViewQueries


def add_document(routes: Routes, resource: Resource) -> None:
    """Add `GET <path>/{id}`, which is also answered the short way, and `GET <path>/{id}/events`."""
    endpoint = _Document(resource)
    category, view = resource.category, resource.document
    path = f"{resource.path}/{{{category}_id}}"
    parameters = {f"{category}_id": id_in_path(category)}
    absent = describing.missing(category)
    routes.short(path, endpoint.answer, resource.allow)
    routes.get(
        path,
        endpoint.answer,
        parameters,
        f"get_{category}",
        resource.allow,
        summary=f"One {category}",
        description="The ETag is its version, for If-Match on a command. X-Version waits for a version.",
        **describing.query(shown_model(view.model, resource.join), resource.example, absent, version=True),
    )
    if view.live:
        routes.get(
            f"{path}/events",
            endpoint.events,
            parameters,
            f"follow_{category}",
            resource.allow,
            summary=f"One {category} as it changes",
            description=f"`event: {category}`, first as it is, then after each change; its `id` is the version.",
            **describing.stream(absent),
        )


class _Document:
    def __init__(self, resource: Resource) -> None:
        self._view, self._join, self._name = resource.document, resource.join, resource.category
        self._joined = () if resource.join is None else (resource.join.view,)

    async def answer(self, request: Request, document_id: str) -> Response:
        """The document, ready as it is kept."""
        refuse_parameters(request)
        queries = Queries.for_request(request)
        fresh = await queries.token_seen(request, self._view, *self._joined)
        fresh |= await queries.version_seen(request, self._view, document_id, partial(queries.views.shows, self._view))
        reach = queries.reach(document_id)
        document = await queries.views.ready(self._view, document_id, fresh, self._join, reach)
        return answered(request, document.body, (self._view, *self._joined), document.etag, reach=reach)

    async def events(self, request: Request, document_id: str) -> Response:
        """The document as it changes."""
        refuse_parameters(request)
        queries = Queries.for_request(request)
        source = _LiveDocument(queries.views, self._view, self._join, document_id, self._name)
        return await open_stream(request, queries, source, [self._view], document_id, joined=self._joined)


class _LiveDocument:
    """A Source: the document, first as it is, then after each change."""

    def __init__(self, views: ViewQueries, view: View, join: Join | None, document_id: str, name: str) -> None:
        self._views = views
        self._view = view
        self._join = join
        self._document_id = document_id
        self._name = name
        self._revision = 0

    async def everything(self) -> list[bytes]:
        """See Source.everything."""
        return self._newer(await self._views.ready(self._view, self._document_id, True, self._join))

    async def changes(self, changed: Changed) -> list[bytes]:
        """See Source.changes."""
        document, _ = changed[self._document_id]
        if document is None:
            return await self.everything()  # ends the stream when it is gone indeed
        return self._newer(await self._views.rendered(self._view, document, self._join))

    def _newer(self, document: Cached) -> list[bytes]:
        if document.revision <= self._revision:
            return []
        self._revision = document.revision
        return [frame(self._name, document.body, int(document.etag.strip('"').partition(".")[0]))]
