"""What every resource has: one document by id, and it as it changes."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from twinpath.domain.views import View
from twinpath.http.problem_details import problem_responses
from twinpath.http.short_way import ShortWay
from twinpath.ids import id_pattern
from twinpath.queries.endpoints.answering import (
    QUERY_HEADERS_OF_ONE,
    answered,
    refuse_parameters,
    shown,
    wait_for_token,
    wait_for_version,
)
from twinpath.queries.endpoints.event_stream import frame, open_stream, streams
from twinpath.queries.endpoints.listing import views_of
from twinpath.queries.reading.live import Changed
from twinpath.queries.reading.views import ViewQueries


@dataclass(frozen=True)
class Resource:
    """A kind of document that is asked for by the id of its aggregate: `category` is `ticket`."""

    category: str
    view: View
    model: type[BaseModel]
    example: dict[str, Any]

    @property
    def path(self) -> str:
        """Below /api/v1, without the id."""
        return f"/{self.category}s"


def one_document(router: APIRouter, resource: Resource) -> None:
    """Add `GET /{id}` and `GET /{id}/events` to the resource's router."""
    view, name = resource.view, f"{resource.category}_id"
    id_in_path = Path(alias=name, pattern=id_pattern(resource.category), examples=[resource.example[name]])
    document_id_type = Annotated[str, id_in_path]

    async def one(document_id: document_id_type, request: Request) -> Response:
        return await answer_one(view, request, document_id)

    async def events(document_id: document_id_type, request: Request) -> Response:
        refuse_parameters(request)
        source = LiveDocument(views_of(request), view, document_id, resource.category)
        return await open_stream(request, view.name, document_id, source)

    router.add_api_route(
        f"/{{{name}}}",
        one,
        summary=f"One {resource.category}",
        description="The ETag is its version, for If-Match on a command. X-Version waits for a version.",
        responses=shown(resource.model, resource.example) | problem_responses(400, 404, 422, 503),
        openapi_extra=QUERY_HEADERS_OF_ONE,
        operation_id=f"one_{resource.category}",
    )
    router.add_api_route(
        f"/{{{name}}}/events",
        events,
        summary=f"One {resource.category} as it changes",
        description=f"`event: {resource.category}`, first as it is, then after each change; its `id` is the version.",
        operation_id=f"{resource.category}_events",
        **streams(404, 422, 503),
    )


def short_way(resource: Resource) -> ShortWay:
    """Answers a GET of a well-formed id past FastAPI's dispatch."""
    return ShortWay("GET", f"{resource.path}/{{{resource.category}_id}}", partial(answer_one, resource.view))


async def answer_one(view: View, request: Request, document_id: str) -> Response:
    """One document, ready as it is kept."""
    refuse_parameters(request)
    views = views_of(request)
    fresh = await wait_for_token(request, view.name)
    fresh |= await wait_for_version(request, view.name, document_id, partial(views.shows, view, document_id))
    document = await views.ready(view, document_id, fresh)
    return answered(request, document.body, document.etag)


class LiveDocument:
    """A Source: one document, first as it is, then after each change."""

    def __init__(self, views: ViewQueries, view: View, document_id: str, name: str) -> None:
        self._views = views
        self._view = view
        self._document_id = document_id
        self._name = name
        self._revision = 0

    async def everything(self) -> list[bytes]:
        """See Source.everything."""
        document = await self._views.ready(self._view, self._document_id, fresh=True)
        return self._newer(document.revision, document.etag, document.body)

    async def changes(self, changed: Changed) -> list[bytes]:
        """See Source.changes."""
        document = changed[self._document_id]
        if document is None:
            return await self.everything()  # ends the stream when it is gone indeed
        ready = self._view.rendered(document)
        return self._newer(ready.revision, ready.etag, ready.body)

    def _newer(self, revision: int, etag: str, body: bytes) -> list[bytes]:
        if revision <= self._revision:
            return []
        self._revision = revision
        return [frame(self._name, body, int(etag.strip('"').partition(".")[0]))]
