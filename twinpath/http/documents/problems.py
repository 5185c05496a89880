"""The problem document of RFC 9457 in OpenAPI: one component, and each answer that refers to it with its codes."""

from collections.abc import Iterable, Mapping
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


BORDER: Codes = {
    400: ("malformed_request", "unknown_host", "malformed_authorization"),
    401: ("not_authenticated", "invalid_token", "token_expired", "invalid_key", "key_expired"),
    403: ("not_permitted",),
    408: ("request_timeout",),
    414: ("target_too_long",),
    415: ("unsupported_media_type",),
    431: ("headers_too_large", "too_many_headers"),
    503: ("overloaded", "starting", "identity_unavailable"),
}
"""The codes that any request may be answered with before its operation sees it."""

READING = codes_together(BORDER, {422: ("invalid_fields",), 503: ("unavailable", "unknown_event")})
"""The codes of an operation that only reads."""

CHANGING = codes_together(BORDER, {403: ("foreign_origin",)})
"""The codes of an operation that changes something, before it sees the request."""

BODY = codes_together(
    CHANGING, {400: ("malformed_json", "incomplete_body"), 413: ("body_too_large",), 415: ("unsupported_media_type",)}
)
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
