"""Methods, paths, parameters, origins and caching, on every route of an application, whichever a team has added."""

from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import FastAPI

from tests.engine.support.requests import Asked
from tests.engine.workshop.application import WORKSHOP
from tests.support.required import required_query
from twinpath.http.documents.problems import PROBLEM_JSON
from twinpath.testing import InMemorySystem

JSON = ("Content-Type", "application/json")
NEW = b'{"subject": "Brakes", "message": "They squeak."}'
OWNER = b'{"name": "Ada", "email": "ada@example.org"}'


@pytest.fixture
async def app() -> AsyncIterator[FastAPI]:
    app = InMemorySystem(WORKSHOP).app
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def ids(app: FastAPI) -> dict[str, str]:
    """An id for each parameter of a path."""
    repair = (await Asked("POST", "/api/v1/repairs", [JSON], [NEW]).of(app)).json["repair_id"]
    owner = (await Asked("POST", "/api/v1/owners", [JSON], [OWNER]).of(app)).json["owner_id"]
    return {"repair_id": repair, "owner_id": owner, "stream": repair}


def paths_of(app: FastAPI, ids: dict[str, str], method: str) -> Iterator[str]:
    for path, methods in app.openapi()["paths"].items():
        if method.lower() in methods:
            yield path.format(**ids) + required_query(methods[method.lower()])


async def test_head_is_get_without_the_body_on_every_route(app: FastAPI, ids: dict[str, str]) -> None:
    paths = [*paths_of(app, ids, "GET"), "/health/live", "/metrics"]
    assert len(paths) > 10
    for path in paths:
        head = await Asked("HEAD", path).of(app)
        assert (head.status, bytes(head.content), head.complete) == (200, b"", True), path
        if not path.endswith("/events") and path != "/metrics":
            get = await Asked("GET", path).of(app)
            varies = {"x-correlation-id"}
            assert [pair for pair in head.got if pair[0] not in varies] == [
                pair for pair in get.got if pair[0] not in varies
            ]
            assert head.header("Content-Length") == str(len(get.content))


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/repairs/repair-1", "/api/v1/repairs?limit=0"])
async def test_head_of_a_refusal_has_no_body_either(app: FastAPI, path: str) -> None:
    head, get = await Asked("HEAD", path).of(app), await Asked("GET", path).of(app)

    assert (head.status, bytes(head.content)) == (get.status, b"")
    assert head.status in (404, 422)


async def test_a_method_that_a_path_lacks_is_405_with_all_that_it_has(app: FastAPI, ids: dict[str, str]) -> None:
    for path, allowed in (
        ("/api/v1/repairs", "GET, HEAD, OPTIONS, POST"),
        (f"/api/v1/owners/{ids['owner_id']}", "DELETE, GET, HEAD, OPTIONS"),
        (f"/api/v1/repairs/{ids['repair_id']}/close", "OPTIONS, POST"),
        ("/api/v1/commands", "OPTIONS, POST"),
        ("/health/live", "GET, HEAD, OPTIONS"),
    ):
        refused = await Asked("PATCH", path, [JSON], [b"{}"]).of(app)
        if path != "/api/v1/commands":  # which asks for its own type of content first
            assert (refused.status, refused.header("Allow")) == (405, allowed)
            assert refused.json["code"] == "method_not_allowed"
        options = await Asked("OPTIONS", path).of(app)
        assert (options.status, options.header("Allow"), bytes(options.content)) == (204, allowed, b"")


async def test_options_of_no_path_is_404_and_of_the_server_204(app: FastAPI) -> None:
    assert (await Asked("OPTIONS", "/api/v1/nothing").of(app)).status == 404
    assert (await Asked("OPTIONS", "*").of(app)).status == 204


async def test_a_trailing_slash_is_another_path_on_every_route(app: FastAPI, ids: dict[str, str]) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        for path in paths_of(app, ids, method):
            answer = await Asked(method, f"{path.partition('?')[0]}/", [JSON], [b"{}"]).of(app)
            assert (answer.status, answer.header("Content-Type")) == (404, PROBLEM_JSON), path
            assert answer.header("Location") is None


async def test_a_slash_within_an_id_is_no_part_of_the_path(app: FastAPI, ids: dict[str, str]) -> None:
    request = Asked("GET", f"/api/v1/repairs/{ids['repair_id']}/history")
    request.raw_path = f"/api/v1/repairs/{ids['repair_id']}%2Fhistory"

    answer = await request.of(app)
    assert (answer.status, answer.json["code"]) == (404, "no_such_route")


@pytest.mark.parametrize("name", ["..", ".", "repair-..", "%00", "repair-\x00", "a\u2028b", "x" * 5_000])
async def test_odd_ids_are_refused_by_name(app: FastAPI, name: str) -> None:
    answer = await Asked("GET", f"/api/v1/repairs/{name}").of(app)

    assert (answer.status, answer.header("Content-Type")) == (422, PROBLEM_JSON)


async def test_parameters_that_nobody_takes_are_refused(app: FastAPI, ids: dict[str, str]) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        for path in paths_of(app, ids, method):
            kind = "application/x-ndjson" if path.endswith("/commands") else "application/json"
            if path.startswith("/api/"):
                target = f"{path}{'&' if '?' in path else '?'}dry_run=true"
                answer = await Asked(method, target, [("Content-Type", kind)], [NEW]).of(app)
                assert (answer.status, answer.json["code"]) == (422, "invalid_fields"), path


@pytest.mark.parametrize(
    "query", ["limit=1&limit=2", "limit=1&limit=1", "status=open&status=closed", "cursor=&cursor="]
)
async def test_a_parameter_comes_once(app: FastAPI, query: str) -> None:
    answer = await Asked("GET", f"/api/v1/repairs?{query}").of(app)

    assert answer.status in (400, 422)
    if "cursor" not in query:
        assert [error["code"] for error in answer.json["errors"]] == ["repeated"]


async def test_every_answer_says_who_may_keep_it(app: FastAPI, ids: dict[str, str]) -> None:
    personal, shared = "private, no-store", "no-cache"
    for path, kept in (
        (f"/api/v1/repairs/{ids['repair_id']}", personal),
        ("/api/v1/owners", personal),
        (f"/api/v1/history/{ids['repair_id']}", personal),
        (f"/api/v1/owners/{ids['owner_id']}/history", personal),
        ("/api/v1/repairs/counts", shared),
        ("/api/v1/nothing", personal),
        ("/health/ready", personal),
    ):
        answer = await Asked("GET", path).of(app)
        assert (answer.header("Cache-Control"), answer.header("X-Content-Type-Options")) == (kept, "nosniff"), path
    made = await Asked("POST", "/api/v1/repairs", [JSON], [NEW]).of(app)
    assert (made.header("Cache-Control"), made.header("X-Content-Type-Options")) == (personal, "nosniff")
    refused = await Asked(
        "POST", "/api/v1/repairs", [("Content-Type", "text/plain"), ("Content-Length", str(len(NEW)))], [NEW]
    ).of(app)
    assert (refused.status, refused.header("X-Content-Type-Options")) == (415, "nosniff")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "x"])
@pytest.mark.parametrize("path", ["/api/v1/repairs", "/api/v1/commands"])
async def test_a_body_in_a_coding_is_refused_with_what_is_taken(app: FastAPI, path: str, coding: str) -> None:
    headers = [("Content-Type", "application/x-ndjson" if "commands" in path else "application/json")]
    answer = await Asked("POST", path, [*headers, ("Content-Encoding", coding)], [b"\x1f\x8b"]).of(app)

    assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")
    assert answer.header("Accept-Encoding") == "identity"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/JSON;charset=UTF-8", 201),
        ('application/json; charset="utf-8"', 201),
        ("application/json; charset=latin-1", 415),
        ("application/json; charset=utf-16", 415),
        ("application/vnd.api+json", 415),
        ("application/jsonx", 415),
        ("text/json", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
async def test_a_body_is_json_in_utf8_or_refused(app: FastAPI, content_type: str, status: int) -> None:
    length = ("Content-Length", str(len(NEW)))
    answer = await Asked("POST", "/api/v1/repairs", [("Content-Type", content_type), length], [NEW]).of(app)

    assert answer.status == status
    if status == 415:
        assert answer.json["code"] == "unsupported_media_type"


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=1", "application/json;q=0", "*/*", "", "x"])
async def test_whatever_a_client_accepts_json_is_answered(app: FastAPI, accept: str) -> None:
    answer = await Asked("GET", "/api/v1/repairs", [("Accept", accept)]).of(app)

    assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
