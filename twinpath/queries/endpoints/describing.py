"""The OpenAPI description of queries: their answers, which are sent as ready bytes, and the headers that they take."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from twinpath.http.problem_details import problem_responses
from twinpath.queries.endpoints.event_stream import EventStream

NEXT = "bm90IGEgcmVhbCBjdXJzb3I"
"""A cursor for examples."""


def query(model: type[BaseModel], example: Mapping[str, Any], *problems: int, version: bool = False) -> dict[str, Any]:
    """The options of a route that answers with a model; with `version` it takes X-Version too."""
    etag = {"ETag": {"description": "send it back as If-None-Match", "schema": {"type": "string"}}}
    not_yet = problem_responses(202)[202]
    shown: dict[int | str, Any] = {
        200: {"model": model, "headers": etag, "content": {"application/json": {"example": example}}},
        202: {**not_yet, "description": "The view has not got there yet: `not_yet_visible`, with Retry-After"},
        304: {"description": "Not modified: the client's If-None-Match still holds"},
    }
    headers = [*_CAUSAL, _IF_NONE_MATCH, *([_VERSION] if version else [])]
    return {"responses": shown | problem_responses(400, *problems, 412, 503), "openapi_extra": {"parameters": headers}}


def stream(*problems: int) -> dict[str, Any]:
    """The options of a route that answers with Server-Sent Events."""
    content = {"text/event-stream": {"schema": {"type": "string"}}}
    shown: dict[int | str, Any] = {200: {"description": "Server-Sent Events, without end", "content": content}}
    return {
        "status_code": 200,
        "response_class": EventStream,
        "responses": shown | problem_responses(202, 400, *problems, 429, 503),
        "openapi_extra": {"parameters": _CAUSAL},
    }


def _header(name: str, description: str, pattern: str = "") -> dict[str, Any]:
    schema = {"type": "string", **({"pattern": pattern} if pattern else {})}
    return {"name": name, "in": "header", "description": description, "schema": schema}


_TOKEN = r"^[a-z]+\.\d{1,5}:\d{1,18}( *, *[a-z]+\.\d{1,5}:\d{1,18}){0,63}$"
_CAUSAL = [
    _header(
        "Causal-Token",
        "of a command's answer, as in `ticket.3:1042`: wait, 5 seconds at most, to see that write",
        _TOKEN,
    ),
    _header("X-Causal-Token", "another name of Causal-Token", _TOKEN),
]
_IF_NONE_MATCH = _header("If-None-Match", 'the ETag of an earlier answer, as in `"1"`: 304 when it still holds')
_VERSION = _header("X-Version", "as in `7`: wait, 5 seconds at most, until this version is shown", r"^\d{1,15}$")
