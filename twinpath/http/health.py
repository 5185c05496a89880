"""/health/live and /health/ready, the same on every service."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Check = Callable[[], Awaitable[Mapping[str, Any] | None]]
"""Returns facts worth showing, or None; raises when the dependency is down."""

_CHECK_SECONDS = 2.0


def _described(operation: str, summary: str, answers: Mapping[int, str]) -> dict[str, Any]:
    state = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
    content = {"application/json": {"schema": state}}
    responses = {str(status): {"description": text, "content": content} for status, text in answers.items()}
    about = {"tags": ["health"], "summary": summary, "description": f"{summary}: for probes and load balancers."}
    return {"get": {**about, "operationId": operation, "responses": responses, "security": []}}


_READINESS = {200: "`ready`, or `degraded` without an optional dependency", 503: "`not ready`: a dependency is down"}
HEALTH_PATHS: Mapping[str, Any] = {
    "/health/live": _described("get_liveness", "This process answers", {200: "`live`"}),
    "/health/ready": _described("get_readiness", "What the service depends on answers", _READINESS),
}
"""The routes in OpenAPI."""


def health_routes(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> list[Route]:
    """Liveness, which only says that this process answers, and readiness, which asks each dependency by name.

    A required dependency that is down makes it 503 "not ready"; an optional one makes it "degraded", still 200.
    """

    async def live(_: Request) -> Response:
        return _json({"status": "live"}, 200)

    async def ready(_: Request) -> Response:
        checks = {**required, **(optional or {})}
        states = dict(zip(checks, await asyncio.gather(*map(_state, checks.values())), strict=True))
        down = {name for name, state in states.items() if state["status"] == "down"}
        status = "not ready" if down & set(required) else "degraded" if down else "ready"
        return _json({"status": status, "dependencies": states}, 503 if status == "not ready" else 200)

    return [Route("/health/live", live), Route("/health/ready", ready)]


async def _state(check: Check) -> dict[str, Any]:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return {"status": "up", **(await check() or {})}
    except TimeoutError:
        return {"status": "down", "detail": f"no answer within {_CHECK_SECONDS:g} seconds"}
    except Exception as error:  # whatever is wrong with a dependency, this page must be able to say so
        return {"status": "down", "detail": str(error) or type(error).__name__, **getattr(error, "facts", {})}


def _json(content: object, status: int) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
