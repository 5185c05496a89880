"""The problem document of RFC 9457 in OpenAPI: one component, and each answer that refers to it with its codes."""

from collections.abc import Container, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

PROBLEM_JSON = "application/problem+json"
TYPE = "urn:twinpath:problem:"
"""What the `type` of a problem begins with; its code follows."""

COME_BACK = (202, 429, 503)
"""Statuses whose answers say in Retry-After when to ask again."""

Codes = Mapping[int, Iterable[str]]
"""Status -> the codes that it may come with."""


def codes_together(*parts: Codes) -> dict[int, tuple[str, ...]]:
    """The codes of all parts, by status."""
    statuses = sorted({status for part in parts for status in part})
    return {
        status: tuple(dict.fromkeys(code for part in parts for code in part.get(status, ()))) for status in statuses
    }


EDGE: Codes = {
    400: ("malformed_request",),
    408: ("request_timeout",),
    413: ("body_too_large",),
    414: ("target_too_long",),
    415: ("unsupported_media_type",),
    417: ("expectation_failed",),
    431: ("headers_too_large", "too_many_headers"),
    501: ("coding_not_implemented",),
    503: ("overloaded",),
    505: ("http_version_not_supported",),
}
"""The codes that a request for any operation may be answered with before the operation sees it, health included: each
document refers to them from every operation (see `openapi.completed`)."""

NO_OPERATION: Codes = {
    404: ("no_such_route",),
    405: ("method_not_allowed",),
    501: ("method_not_implemented",),
}
"""The codes of requests that meet no operation, so that none has them."""

BORDER: Codes = {400: ("unknown_host",)}
"""The code that a request for any operation but health may be answered with besides."""

CALLERS: Codes = {
    400: ("malformed_authorization",),
    401: ("not_authenticated", "invalid_token", "token_expired", "invalid_key", "key_expired"),
    403: ("not_permitted",),
    429: ("rate_limited",),
    503: ("identity_unavailable",),
}
"""The codes of an interface that asks who calls."""

STARTING: Codes = {503: ("starting",)}
"""The code of a service that lets nobody in before it has started."""

READING = codes_together(BORDER, CALLERS, {422: ("invalid_fields",), 500: ("internal_error",), 503: ("unavailable",)})
"""The codes of an operation that only reads."""

CHANGING = codes_together(BORDER, CALLERS, {403: ("foreign_origin",)})
"""The codes of an operation that changes something, before it sees the request."""

BODY = codes_together(CHANGING, {400: ("malformed_json",)})
"""The codes of an operation that takes a body."""


class FieldProblem(BaseModel):
    """What is wrong with one field; `field` is its path, as in `lines.0.quantity`."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """The body of every answer that is no success (RFC 9457). `code` is stable and meant for programs; further members
    name what is concerned, such as `product_id`."""

    type: str = Field(examples=[f"{TYPE}ticket_not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(description="for people; its words may change", examples=["There is no such ticket."])
    code: str = Field(examples=["ticket_not_found"])
    instance: str = Field(description="the path that was asked", examples=["/api/v1/tickets"])
    errors: list[FieldProblem] = Field(
        default_factory=list, description="with `invalid_fields`: what is wrong where, twenty at most"
    )


def problem_responses(codes: Codes) -> dict[int | str, dict[str, Any]]:
    """The answers of an operation in OpenAPI, each with an example a code."""
    return {status: _response(status, tuple(codes[status])) for status in codes}


def edge_responses() -> dict[str, Any]:
    """The answers of EDGE as components, by name."""
    return {_name(status): _response(status, tuple(codes)) for status, codes in EDGE.items()}


def add_the_edge(answers: dict[str, Any], without: Container[int] = ()) -> dict[str, Any]:
    """An operation's answers with those of EDGE: by reference, or as further codes of an answer that it has."""
    for status, codes in EDGE.items():
        own = answers.get(str(status))
        if status in without or (own is not None and "$ref" in own):
            continue
        if own is None:
            answers[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
            continue
        content = own.setdefault("content", {})
        had = content.get(PROBLEM_JSON, {}).get("examples", {})
        whole = _response(status, tuple(dict.fromkeys((*had, *codes))))
        answers[str(status)] = {**whole, **own, "content": content | whole["content"]}
        if had:
            answers[str(status)]["description"] = whole["description"]
    return dict(sorted(answers.items()))


def _name(status: int) -> str:
    """The name of a component. It has no word, as Python's phrases change with its version."""
    return f"Refused{status}"


def problem_schemas() -> dict[str, Any]:
    """The components that the answers refer to, by name."""
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}


def _response(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase
    named = ", ".join(f"`{code}`" for code in codes)
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {c: _example(status, c) for c in codes}}
    response = {"description": f"{phrase}: {named}" if named else phrase, "content": {PROBLEM_JSON: content}}
    schema = {"type": "string"}
    if status in (401, 403):
        response["headers"] = {"WWW-Authenticate": {"description": "what is wrong, as RFC 6750 says", "schema": schema}}
    if status in COME_BACK:
        response["headers"] = {"Retry-After": {"description": "seconds until asking again", "schema": schema}}
    return response


def _example(status: int, code: str) -> dict[str, Any]:
    value: dict[str, Any] = {
        "type": f"{TYPE}{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"{code.replace('_', ' ').capitalize()}.",
        "code": code,
        "instance": "/api/v1",
    }
    if code == "invalid_fields":
        value["errors"] = [{"field": "name", "code": "missing", "message": "Field required"}]
    return {"summary": code.replace("_", " "), "value": value}
