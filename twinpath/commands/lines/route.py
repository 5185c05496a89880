"""The route of bulk requests, and its page in the OpenAPI document."""

from collections.abc import Mapping

import orjson
from fastapi import APIRouter

from twinpath.commands.admission import BULK as BULK_PATH
from twinpath.commands.bulk import Bulk
from twinpath.commands.endpoints import DeclaredCommand
from twinpath.http.documents.problems import CALLERS, CHANGING, STARTING, codes_together, problem_responses
from twinpath.http.documents.samples import ids_in as ids_of
from twinpath.identity.permissions import BULK, allowing, permitted_router

_REFUSALS = {
    400: ("malformed_actor", "malformed_owner", "no_lines", "incomplete_body"),
    422: ("invalid_fields",),
    503: ("too_many_bulk_requests",),
}


def bulk_router(commands: Mapping[str, DeclaredCommand], most_lines: int) -> APIRouter:
    """The route `POST /commands` of these commands, by their stored names; the app's state has the Bulk that answers.

    A request holds `most_lines` at most.
    """
    router = permitted_router(prefix=BULK_PATH)
    content = {"application/x-ndjson": {"schema": {"type": "string"}, "example": _example(commands)}}
    names = ", ".join(f"`{name}`" for name in commands)
    router.add_api_route(
        "",
        Bulk.answer,
        methods=["POST"],
        tags=["bulk"],
        summary="Many commands at once",
        description=f"Up to {most_lines:,} lines. A bad line is reported by its number, the others go on."
        f" Commands: {names}.",
        operation_id="bulk",
        responses={
            200: {
                "description": "A result a line, in order",
                "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
            },
            **problem_responses(codes_together(CHANGING, CALLERS, STARTING, _REFUSALS)),
        },
        openapi_extra=allowing(BULK, {"requestBody": {"required": True, "content": content}}),
    )
    return router


def _example(commands: Mapping[str, DeclaredCommand]) -> str:
    """A line with each of the first two commands that create something and name nothing else, from their examples."""
    alone = [command for command in commands.values() if command.kind.creates and not ids_of(command.example)]
    lines = [
        {"command": command.kind.type, "idempotency_key": f"line-{number}", "body": command.example}
        for number, command in enumerate(alone[:2], 1)
    ]
    return "".join(f"{orjson.dumps(line).decode()}\n" for line in lines)
