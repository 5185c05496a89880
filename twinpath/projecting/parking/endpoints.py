"""/admin/v1/parked: what is parked, what a retry would do, the retry, and skipping."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from twinpath.http.documents.problems import BODY, READING, Codes, codes_together, problem_responses
from twinpath.http.json_bodies import WholeNumber
from twinpath.http.parameters import refuse_unheard
from twinpath.identity.permissions import REPAIR, SEE, allowing, permitted_router
from twinpath.projecting.parking.repairs import Repairs, Retried
from twinpath.views.parking import Skipped

_OF_ALL = READING
_SEE, _REPAIR = allowing(SEE), allowing(REPAIR)
_OF_RETRIES: Codes = {404: ("not_parked", "no_such_projection"), 409: ("projection_outdated",)}
_OF_ONE: Codes = {404: ("not_parked",)}
_NOT_FIRST: Codes = {409: ("not_first",)}

MOST_SHOWN = 100
MOST_SECONDS = 20.0

Limit = Annotated[int, Query(ge=1, le=MOST_SHOWN, description="entries a page")]
After = Annotated[str | None, Query(max_length=300, description="`next` of the page before")]
OfProjection = Annotated[str | None, Query(max_length=100, description="of this projection alone")]
OfStream = Annotated[str | None, Query(max_length=150, description="this stream alone")]
MostEvents = Annotated[int, Query(ge=1, le=10_000, description="events to try")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ParkedShown(_Shown):
    """A parked stream: the events `version` to `last` wait, `events` in all."""

    projection: str
    stream: str
    log: str
    version: int
    position: int = Field(description="of `version`, in its log")
    last: int
    events: int
    reason: str | None = Field(description="why `version` could not be applied; null when it was not tried yet")
    attempts: int
    parked_at: datetime
    tried_at: datetime


class EventShown(_Shown):
    """An event that waits, without its data."""

    version: int
    position: int
    type: str
    at: datetime


class ParkedPage(BaseModel):
    """Parked streams by id."""

    items: list[ParkedShown]
    next: str | None


class SkippedPage(BaseModel):
    """Skipped events by id."""

    items: list[Skipped]
    next: str | None


class ParkedDetails(ParkedShown):
    """One parked stream, what today's code says of the event it waits for, and the events that wait first."""

    now: str | None = Field(description="why `version` fails with today's code; null when its method takes it")
    waiting: list[EventShown]


class PlanShown(BaseModel):
    """What a retry would do: try `events` of these streams, in this order (the first 100 are shown)."""

    events: int
    streams: int
    first: list[ParkedShown]
    total_streams: int
    total_events: int


class RetryBody(BaseModel):
    """What to try again: everything, one projection's, or one stream."""

    model_config = ConfigDict(extra="forbid")

    projection: str | None = Field(None, max_length=100)
    stream: str | None = Field(None, max_length=150)
    limit: WholeNumber = Field(1000, ge=1, le=10_000, description="events to try")


class RetryReport(BaseModel):
    """What a retry did. `finished` is false when it stopped after 20 seconds; another one goes on there."""

    applied: int = Field(description="events")
    freed: int = Field(description="streams that are parked no longer")
    failed: int = Field(description="streams that parked again")
    first_failed: list[ParkedShown] = Field(description="up to 100 of them")
    finished: bool


class SkipBody(BaseModel):
    """Which event to skip, who says so, and why."""

    model_config = ConfigDict(extra="forbid")

    version: WholeNumber = Field(ge=1, description="must be the one that the stream waits for")
    by: Words
    why: Words


class SkipReport(BaseModel):
    """What of the stream waits then; null when nothing does. What waits is not applied before a retry."""

    waiting: ParkedShown | None


def parked_routes(repairs: Repairs) -> APIRouter:
    """The routes on these repairs."""
    routes = permitted_router(
        prefix="/parked",
        tags=["parked"],
        responses=problem_responses(_OF_ALL),
        dependencies=[Depends(refuse_unheard)],
    )
    _add_lists(routes, repairs)
    _add_retry(routes, repairs)
    _add_one(routes, repairs)
    return routes


def _add_lists(routes: APIRouter, repairs: Repairs) -> None:
    @routes.get("", openapi_extra=_SEE)
    async def list_parked(
        request: Request, answer: Response, projection: OfProjection = None, after: After = None, limit: Limit = 20
    ) -> ParkedPage:
        """Parked streams, in pages."""
        streams = await repairs.parked.page(projection, after, limit + 1)
        following = _next(request, answer, [stream.id for stream in streams], limit)
        return ParkedPage(items=[ParkedShown.model_validate(stream) for stream in streams[:limit]], next=following)

    @routes.get("/skipped", openapi_extra=_SEE)
    async def list_skipped(
        request: Request, answer: Response, projection: OfProjection = None, after: After = None, limit: Limit = 20
    ) -> SkippedPage:
        """Skipped events, in pages."""
        skipped = await repairs.parked.skipped(projection, after, limit + 1)
        following = _next(request, answer, [event.id for event in skipped], limit)
        return SkippedPage(items=skipped[:limit], next=following)


def _add_retry(routes: APIRouter, repairs: Repairs) -> None:
    @routes.get("/retry", responses=problem_responses(_OF_RETRIES), openapi_extra=_SEE)
    async def plan_retry(
        projection: OfProjection = None, stream: OfStream = None, limit: MostEvents = 1000
    ) -> PlanShown:
        """What a retry would do; nothing is changed."""
        plan = await repairs.plan(projection, stream, limit)
        return PlanShown(
            events=plan.events,
            streams=len(plan.streams),
            first=[ParkedShown.model_validate(parked) for parked in plan.streams[:MOST_SHOWN]],
            total_streams=plan.total_streams,
            total_events=plan.total_events,
        )

    @routes.post(
        "/retry", responses=problem_responses(codes_together(_OF_ALL, _OF_RETRIES, BODY)), openapi_extra=_REPAIR
    )
    async def retry_parked(body: RetryBody) -> RetryReport:
        """Try again, in the order of each stream. It may be sent at any time, also twice."""
        retried, finished = Retried(), True
        async with aclosing(repairs.retry(body.projection, body.stream, body.limit)) as steps:
            deadline = asyncio.get_running_loop().time() + MOST_SECONDS
            async for step in steps:
                retried.add(step)
                if asyncio.get_running_loop().time() > deadline:
                    finished = False
                    break
        failed = [ParkedShown.model_validate(stream) for stream in retried.failed[:MOST_SHOWN]]
        counts = {"applied": retried.applied, "freed": retried.freed, "failed": len(retried.failed)}
        return RetryReport(**counts, first_failed=failed, finished=finished)


def _add_one(routes: APIRouter, repairs: Repairs) -> None:
    @routes.get("/{projection}/{stream}", responses=problem_responses(_OF_ONE), openapi_extra=_SEE)
    async def get_parked(projection: str, stream: str) -> ParkedDetails:
        """One parked stream; of the events that wait the first 100."""
        parked = await repairs.stream(projection, stream)
        waiting = [EventShown.model_validate(event) for event in await repairs.events(parked, 0, MOST_SHOWN)]
        shown: dict[str, Any] = ParkedShown.model_validate(parked).model_dump()
        return ParkedDetails(**shown, now=await repairs.explain(parked), waiting=waiting)

    @routes.post(
        "/{projection}/{stream}/skip",
        responses=problem_responses(codes_together(_OF_ALL, _OF_ONE, _NOT_FIRST, BODY)),
        openapi_extra=_REPAIR,
    )
    async def skip_parked(projection: str, stream: str, body: SkipBody) -> SkipReport:
        """Never apply the event that a stream waits for. What waits after it is applied by the next retry."""
        waiting = await repairs.skip(projection, stream, body.version, body.by, body.why)
        return SkipReport(waiting=None if waiting is None else ParkedShown.model_validate(waiting))


def _next(request: Request, answer: Response, ids: Sequence[str], limit: int) -> str | None:
    """The cursor of the next page, also as a Link, when there is one."""
    if len(ids) <= limit:
        return None
    following = ids[limit - 1]
    query = urlencode({**request.query_params, "after": following})
    answer.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return following
