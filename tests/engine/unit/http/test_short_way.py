"""The short way: which requests it takes, what it hands on, what it leaves to the app's own routes."""

import httpx
import orjson
import pytest
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from twinpath.http.correlation import Correlation
from twinpath.http.problem_details import install_problem_details
from twinpath.http.short_way import ShortWay, add_short_ways
from twinpath.identity.authentication import OPEN, Authenticated

UUID = "0198c0de-0000-7000-8000-000000000001"
BOOKING, SEAT = f"booking-{UUID}", f"seat-{UUID}"


class Reason(BaseModel, extra="forbid"):
    """The body of the endpoint that has one."""

    reason: str


def answered(**parts: object) -> Response:
    return Response(orjson.dumps(parts), media_type="application/json")


async def show(request: Request, booking: str) -> Response:
    return answered(booking=booking, route=request.scope["route"].path)


async def cancel(request: Request, booking: str, seat: str, body: Reason) -> Response:
    return answered(booking=booking, seat=seat, reason=body.reason)


@pytest.fixture
def routes_seen() -> list[str | None]:
    return []


@pytest.fixture
async def client(routes_seen: list[str | None]) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/api/v1/bookings/{booking}")
    async def fallback(booking: str) -> str:
        return f"the long way to {booking}"

    app.add_middleware(Authenticated, OPEN)
    install_problem_details(app)
    app.add_middleware(
        Correlation, on_answer=lambda scope, *_: routes_seen.append(getattr(scope.get("route"), "path", None))
    )
    ways = [
        ShortWay("GET", "/bookings/{booking_id}", show, "bookings:read"),
        ShortWay("POST", "/bookings/{booking_id}/seats/{seat_id}/cancel", cancel, "bookings:cancel", Reason),
    ]
    add_short_ways(app, "/api/v1", ways)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://short")


async def test_an_id_of_the_category_is_handed_to_the_handler(
    client: httpx.AsyncClient, routes_seen: list[str | None]
) -> None:
    answer = await client.get(f"/api/v1/bookings/{BOOKING}")

    assert answer.json() == {"booking": BOOKING, "route": "/bookings/{booking_id}"}
    assert routes_seen == ["/bookings/{booking_id}"]  # as the metrics name it


async def test_ids_come_in_the_order_of_the_path_and_the_body_as_its_model(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/api/v1/bookings/{BOOKING}/seats/{SEAT}/cancel", json={"reason": "late"})

    assert answer.json() == {"booking": BOOKING, "seat": SEAT, "reason": "late"}


@pytest.mark.parametrize("content", [b"", b"{}", b'{"reason": 1}'])
async def test_a_body_that_does_not_fit_is_refused(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post(f"/api/v1/bookings/{BOOKING}/seats/{SEAT}/cancel", content=content)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/api/v1/bookings/{SEAT}", 200),  # the id of another category
        (f"/bookings/{BOOKING}", 404),  # without the prefix
        (f"/api/v1/bookings/{BOOKING}/", 404),  # another path, to which nothing leads
    ],
)
async def test_everything_else_is_left_to_the_app(
    client: httpx.AsyncClient, path: str, status: int, routes_seen: list[str | None]
) -> None:
    assert (await client.get(path)).status_code == status
    assert routes_seen != ["/bookings/{booking_id}"]


async def test_another_method_is_left_to_the_app(client: httpx.AsyncClient) -> None:
    assert (await client.delete(f"/api/v1/bookings/{BOOKING}")).status_code == 405


async def test_an_answer_names_twenty_fields_at_most_and_is_short(client: httpx.AsyncClient) -> None:
    url = f"/api/v1/bookings/{BOOKING}/seats/{SEAT}/cancel"
    for count in (300, 100_000):
        body = orjson.dumps({f"{'x' * 40}{number}": 1 for number in range(count)} | {"reason": "x"})
        refused = await client.post(url, content=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_fields")
        assert 1 <= len(refused.json()["errors"]) <= 20
        assert len(refused.content) < 6000
    missing = await client.get("/" + "x" * 5000)
    assert len(missing.content) < 1000
