"""The projector's AsyncAPI document and page: every public event, nothing personal, nothing loaded from elsewhere."""

import re
from time import perf_counter
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tests.engine.workshop.application import EVENTS
from twinpath.projecting.documents.asyncapi import asyncapi_of
from twinpath.projecting.documents.routes import document_routes
from twinpath.projecting.operators import PATH, admin_app


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi_of(EVENTS)


@pytest.fixture(scope="module")
def pages() -> Starlette:
    return Starlette(routes=document_routes(EVENTS, admin_app([]), PATH))


def test_every_public_event_and_nothing_else_is_described(document: dict[str, Any]) -> None:
    types = {event.type for event in EVENTS.types}

    assert document["asyncapi"] == "3.1.0"
    assert set(document["channels"]) == types
    assert set(document["operations"]) == types
    for operation in document["operations"].values():
        assert operation["description"]
        assert operation["action"] == "send"


def test_what_is_personal_is_not_described(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for event in EVENTS.types:
        described = schemas[f"{event.__name__}Data"].get("properties", {})
        assert set(described) == set(event.model_fields) - set(event.personal)
        assert {"id", "subject", "time", "data"} <= set(schemas[f"{event.__name__}Event"]["properties"])


async def test_the_page_loads_nothing_from_elsewhere(pages: Starlette) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://projector") as client:
        shown = (await client.get("/asyncapi")).raise_for_status().text
        needed = re.findall(r'(?:src|href)="([^"]+)"', shown)

        assert {"asyncapi.json", "asyncapi-viewer.js"} <= set(needed)
        for path in needed:
            assert path.startswith("data:") or (await client.get(f"/{path}")).is_success


async def test_a_request_for_the_page_costs_next_to_nothing(pages: Starlette) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://projector") as client:
        await client.get("/asyncapi.json")
        began = perf_counter()
        for _ in range(20):
            await client.get("/asyncapi")
            await client.get("/asyncapi.json")

    assert (perf_counter() - began) / 20 < 0.05  # making the document takes ten times as long
