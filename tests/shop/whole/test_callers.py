"""Who may do what: every operation of the documents, asked by everybody; every cell is asserted.

`who_may_do_what.txt` has the statuses, an operation a line. 200, 400 (the body is nonsense) and 404 (nothing is there,
or it is somebody else's) say that the caller may.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from shared.roles import ROLES
from tests.shop.support.callers import API, INVALID, PUBLIC, STAFF, CallersShop, callers_shop
from tests.support.required import required_query
from twinpath.identity.caller import Caller
from twinpath.identity.permissions import IDENTITY, PermittedRoute, permissions_of_route
from twinpath.projecting.documents.routes import openapi_of
from twinpath.projecting.operators import PATH

TABLE = Path(__file__).with_name("who_may_do_what.txt")
CUSTOMERS = ("ada", "bob", "customer of nobody")
CALLERS = ("nobody", *CUSTOMERS, *STAFF, "machine", *INVALID)
FOR_EVERYBODY = re.compile(r"/health/(live|ready)|/(docs|redoc|openapi\.json|static-offline-docs).*|/metrics")
"""Needs no permission; /metrics asks for its own."""
ANALYTICS_OFF = (503,)
"""What reports are answered in one process, which has no ClickHouse."""

_FRESH = "0198c0de-0000-7000-8000-00000000dead"


@pytest.fixture
async def shop() -> AsyncIterator[CallersShop]:
    async with callers_shop() as filled:
        yield filled


def _operations(shop: CallersShop) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and description of every operation of the API and of the administration."""
    for document in (shop.app.openapi(), openapi_of(shop.admin, PATH)):
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if operation["security"]:
                    yield method.upper(), path, operation


async def _asked(shop: CallersShop, name: str, method: str, path: str, query: str) -> httpx.Response:
    """Bodies are nonsense and what is changed is not there, so that nothing happens; of a stream the head is read."""
    ids = {category: f"{category}-{_FRESH}" for category in ("product", "customer", "order", "ticket")}
    if method == "GET":
        ids = shop.ids["ada"]
    named = {f"{category}_id": one for category, one in ids.items()}
    whole = path.format(**{**named, "stream": ids["order"], "projection": "ticket_list"}) + query
    if path.endswith("/events"):
        method = "HEAD"
    kind = "application/x-ndjson" if path == f"{API}/commands" else "application/json"
    body: Any = {} if method in ("GET", "HEAD") else {"content": b"nonsense", "headers": {"Content-Type": kind}}
    return await shop.ask(name, method, whole, **body)


def _permissions(name: str) -> tuple[str, ...]:
    if name in (*INVALID, "nobody"):
        return (PUBLIC,) if name == "nobody" else ()
    return ("orders:read",) if name == "machine" else ROLES["customer" if name in CUSTOMERS else name]


async def test_every_operation_is_for_those_alone_who_have_its_permissions(shop: CallersShop) -> None:
    rows = [f"{'':52}" + " ".join(name.replace(" ", "-") for name in CALLERS)]
    for method, path, operation in _operations(shop):
        needed, statuses = list(operation["security"][0][IDENTITY]), []
        if "{stream}" in path:
            needed.append("orders:read")  # the history of an order is asked for
        for name in CALLERS:
            answer = await _asked(shop, name, method, path, required_query(operation))
            caller = Caller("", "", frozenset(_permissions(name)))
            lacking = [permission for permission in needed if not caller.may(permission)]
            expected = 401 if name in INVALID or (lacking and name == "nobody") else 403 if lacking else None
            problem = answer.status_code in (401, 403)
            where = (method, path, name, answer.status_code)
            assert (
                answer.status_code == expected
                if expected
                else answer.status_code in (200, 400, 404, *(ANALYTICS_OFF if "/analytics/" in path else ()))
            ), where
            assert problem == ("WWW-Authenticate" in answer.headers), where
            if name in INVALID:
                assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"], where
            statuses.append(f"{answer.status_code:>{len(name)}}")
        rows.append(f"{method} {path}".ljust(52) + " ".join(statuses))
    assert "\n".join(rows) + "\n" == TABLE.read_text(), f"the table is another; look at it, then write it to {TABLE}"


async def test_a_line_of_a_bulk_request_needs_what_its_command_needs(shop: CallersShop) -> None:
    body = {"carrier": "DHL", "tracking_number": "123"}
    line = orjson.dumps({"command": "ship_order", "id": f"order-{_FRESH}", "idempotency_key": "1", "body": body})
    kind = {"Content-Type": "application/x-ndjson"}
    answers = {
        name: (await shop.ask(name, "POST", f"{API}/commands", content=line, headers=kind)).json()
        for name in ("merchandiser", "warehouse")
    }
    assert [(answers[name]["status"], answers[name]["code"]) for name in answers] == [
        (403, "not_permitted"),
        (404, "order_not_found"),
    ]
    assert answers["merchandiser"]["permission"] == "orders:ship"


async def test_an_agent_acts_for_a_customer_as_that_customer_may_and_the_commit_keeps_both(shop: CallersShop) -> None:
    ada, bob = shop.ids["ada"], shop.ids["bob"]
    for_ada = {"X-On-Behalf-Of": ada["customer"]}
    body = {"json": {"reason": "Changed her mind"}, "headers": for_ada}
    cancelled = await shop.ask("agent", "POST", f"{API}/orders/{ada['order']}/cancel", **body)
    others = await shop.ask("agent", "POST", f"{API}/orders/{bob['order']}/cancel", **body)
    not_hers = await shop.ask("ada", "POST", f"{API}/orders/{ada['order']}/cancel", **body)
    unread = await shop.ask("agent", "POST", f"{API}/orders/{ada['order']}/cancel", headers={"X-On-Behalf-Of": "Ada"})

    assert [answer.status_code for answer in (cancelled, others, not_hers)] == [200, 404, 403]
    assert not_hers.json()["permission"] == "on-behalf"
    assert unread.status_code in (400, 415, 422)
    history = (await shop.ask("operator", "GET", f"{API}/orders/{ada['order']}/history")).json()["items"]
    assert re.fullmatch(rf"actor-[0-9a-f]{{16}} for {ada['customer']}", history[-1]["actor"])


@pytest.mark.parametrize(("name", "status"), [("nobody", 401), ("ada", 403), ("machine", 403), ("operator", 200)])
async def test_metrics_are_for_those_who_operate(shop: CallersShop, name: str, status: int) -> None:
    assert (await shop.ask(name, "GET", "/metrics")).status_code == status


async def test_every_route_asks_for_a_permission_or_is_known_to_be_for_everybody(shop: CallersShop) -> None:
    def every(routes: list[BaseRoute]) -> Iterator[Any]:
        for route in routes:
            nested = getattr(route, "original_router", route)  # FastAPI includes a router as a route
            yield from every(nested.routes) if hasattr(nested, "routes") else [route]

    open_routes = []
    for route in every([*shop.app.routes, *shop.admin.routes]):
        if FOR_EVERYBODY.fullmatch(route.path):
            continue
        if isinstance(route, APIRoute):
            assert isinstance(route, PermittedRoute), route.path
            permissions = permissions_of_route(route)
            assert permissions, route.path
            assert all(permissions), route.path
        else:
            open_routes.append(route.path)
    assert open_routes == []
