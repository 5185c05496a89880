"""The OpenAPI description of queries: their answers, which are sent as ready bytes, and the headers that they take."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from twinpath.http.documents.problems import CALLERS, READING, STARTING, Codes, codes_together, problem_responses
from twinpath.queries.endpoints.event_stream import EventStream

NEXT = "bm90IGEgcmVhbCBjdXJzb3I"
"""A cursor for examples."""


_TOKENS: Codes = {
    202: ("not_yet_visible",),
    400: ("malformed_causal_token", "foreign_causal_token"),
}
_CONDITIONS: Codes = {
    400: ("malformed_if_match", "malformed_if_none_match"),
    412: ("precondition_failed",),
}
_SEATS: Codes = {429: ("too_many_streams",), 503: ("too_many_streams",)}
_VERSIONS: Codes = {400: ("malformed_version",)}
PAGED: Codes = {400: ("invalid_cursor",)}
"""What a list may be refused with."""


_SHOWN = {
    "Causal-Token": {
        "description": "how far what is shown has come; a query that takes it shows no less",
        "schema": {"type": "string"},
    }
}


def missing(category: str) -> Codes:
    """What is answered when there is none of this category."""
    return {404: (f"{category}_not_found",)}


def query(model: type[BaseModel], example: Mapping[str, Any], *codes: Codes, version: bool = False) -> dict[str, Any]:
    """The options of a route that answers with a model; with `version` it takes X-Version too."""
    headers_of_answer = {
        "ETag": {"description": "send it back as If-None-Match", "schema": {"type": "string"}},
        **_SHOWN,
    }
    described = problem_responses(
        codes_together(READING, CALLERS, STARTING, _TOKENS, _CONDITIONS, *codes, *([_VERSIONS] if version else []))
    )
    shown: dict[int | str, Any] = {
        200: {"model": model, "headers": headers_of_answer, "content": {"application/json": {"example": example}}},
        304: {"description": "Not modified: the client's If-None-Match still holds", "headers": headers_of_answer},
    }
    headers = [*_CAUSAL, _IF_NONE_MATCH, *([_VERSION] if version else [])]
    return {"responses": shown | described, "openapi_extra": {"parameters": headers}}


def stream(*codes: Codes) -> dict[str, Any]:
    """The options of a route that answers with Server-Sent Events."""
    content = {"text/event-stream": {"schema": {"type": "string"}}}
    shown: dict[int | str, Any] = {
        200: {"description": "Server-Sent Events, without end", "headers": _SHOWN, "content": content}
    }
    return {
        "status_code": 200,
        "response_class": EventStream,
        "responses": shown | problem_responses(codes_together(READING, CALLERS, STARTING, _TOKENS, _SEATS, *codes)),
        "openapi_extra": {"parameters": _CAUSAL},
    }


def _header(name: str, description: str, pattern: str = "") -> dict[str, Any]:
    schema = {"type": "string", **({"pattern": pattern} if pattern else {})}
    return {"name": name, "in": "header", "description": description, "schema": schema}


_TOKEN = r"^[a-z]+\.\d{1,5}:\d{1,18}( *, *[a-z]+\.\d{1,5}:\d{1,18}){0,63}$"
_CAUSAL = [
    _header(
        "Causal-Token",
        "of an earlier answer, as in `ticket.3:1042`: wait, 5 seconds at most, to see that write, or no less than that"
        " query did",
        _TOKEN,
    ),
    _header("X-Causal-Token", "another name of Causal-Token", _TOKEN),
]
_IF_NONE_MATCH = _header("If-None-Match", 'the ETag of an earlier answer, as in `"1"`: 304 when it still holds')
_VERSION = _header("X-Version", "as in `7`: wait, 5 seconds at most, until this version is shown", r"^\d{1,15}$")
