"""The causal token of a query's answer: no more than was shown, no less than was known, and any query takes it."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.support.query_app import in_memory
from tests.engine.support.trailing_views import TrailingViews
from tests.engine.workshop.application import QUERIES
from tests.support import query_app
from tests.support.eventually import eventually
from twinpath.http.causal_token import MOST, parse_token
from twinpath.ids import log_of
from twinpath.queries.reading.heard import HeardCheckpoints
from twinpath.queries.reading.reach import Reach

VIEWS = ["repair_details", "repair_list", "repair_counts", "history"]
QUERIES_OF_A_REPAIR = ["/repairs/{}", "/repairs/{}/history", "/repairs?limit=100", "/repairs/counts"]
EVERY_QUERY = [*QUERIES_OF_A_REPAIR, "/owners", "/history/{}"]


def shows_at_least(views: TrailingViews, path: str, body: Any, token: dict[str, int]) -> bool:
    """Whether an answer shows everything up to these positions of what it is about."""
    reached = {repair: views.happened_by(repair, token) for repair in views.tokens}
    if path.endswith("/counts"):
        opened: int = sum(body["by_status"].values())
        return opened >= sum(version > 0 for version in reached.values())
    if "limit" in path:
        shown = {row["repair_id"]: row["version"] for row in body["items"]}
        return all(shown.get(repair, 0) >= version for repair, version in reached.items())
    [repair] = [repair for repair in reached if repair in path]
    version: int = len(body["items"]) if "items" in body else body["version"]
    return version >= reached[repair]


async def play(steps: Sequence[tuple[str, Any]]) -> None:
    """Let this happen; whatever is asked shows no less than its token says, and no less than any token it is sent."""
    async with query_app.in_memory(QUERIES, TrailingViews, 0.001) as service:
        views, tokens = service.views, [""]
        await views.open()
        await views.open()
        for step, detail in steps:
            repairs = list(views.tokens)
            if step == "open":
                await views.open()
            elif step == "note":
                await views.note(repairs[detail % len(repairs)])
            elif step == "project":
                await views.project(detail)
            elif step == "bring":
                await views.bring(detail)
            elif step == "hear":
                await eventually(partial(all_heard, service), pause=0)
            elif step == "ask":
                path, repair, sent = detail
                tokens.append(
                    await ask(service, path.format(repairs[repair % len(repairs)]), tokens[sent % len(tokens)])
                )
        for name in VIEWS:
            while await views.project(name) or await views.bring(name):
                pass
        await eventually(partial(all_heard, service), pause=0)
        for repair, written in views.tokens.items():
            for path in QUERIES_OF_A_REPAIR:
                token = parse_token(await ask(service, path.format(repair), ""))
                assert all(token[log] >= position for log, position in parse_token(written).items())


async def all_heard(service: "query_app.QueryService[TrailingViews]") -> bool:
    """Whether the service knows where every view is."""
    checkpoints = await service.views.checkpoints()
    return all(service.app.state.queries.waits.heard.at(*key, 0) == position for key, position in checkpoints.items())


async def ask(service: "query_app.QueryService[TrailingViews]", path: str, token: str) -> str:
    """The token of the answer; that of the request where there is none to see yet."""
    answer = await service.get(path, {"Causal-Token": token} if token else None)
    if answer.status_code != 200:
        assert answer.status_code in (202, 404)
        return token
    given_out = answer.headers["Causal-Token"]
    for seen in (token, given_out):
        assert not seen or shows_at_least(service.views, path, answer.json(), parse_token(seen))
    return given_out


@settings(max_examples=3 * settings().max_examples // 10)
@given(
    steps=st.lists(
        st.one_of(
            st.sampled_from([("open", 0), ("hear", 0)]),
            st.tuples(st.just("note"), st.integers(0, 1)),
            st.tuples(st.sampled_from(["project", "bring"]), st.sampled_from(VIEWS)),
            st.tuples(
                st.just("ask"),
                st.tuples(st.sampled_from(QUERIES_OF_A_REPAIR), st.integers(0, 2), st.integers(0, 9)),
            ),
        ),
        min_size=10,
        max_size=40,
    )
)
def test_any_query_shows_what_the_token_of_another_names(steps: list[tuple[str, Any]]) -> None:
    asyncio.run(play(steps))


@pytest.mark.parametrize("path", EVERY_QUERY)
async def test_every_answer_says_how_far_it_has_come_also_when_it_is_not_modified(path: str) -> None:
    async with in_memory() as service:
        repair = await service.views.open()
        await eventually(lambda: service.has_heard(service.views.tokens[repair]), pause=0)

        answer = await service.get(path.format(repair))
        again = await service.get(path.format(repair), {"If-None-Match": answer.headers["ETag"]})

    assert (answer.status_code, again.status_code) == (200, 304)
    assert again.headers["Causal-Token"] == answer.headers["Causal-Token"]
    if path != "/owners":
        assert service.views.tokens[repair] in answer.headers["Causal-Token"].split(",")


@pytest.mark.parametrize(
    "path", ["/repairs/{}/events", "/repairs/events", "/repairs/counts/events", "/history/{}/events"]
)
async def test_a_live_stream_says_how_far_its_beginning_has_come(path: str) -> None:
    async with in_memory() as service:
        repair = await service.views.open()
        await eventually(lambda: service.has_heard(service.views.tokens[repair]), pause=0)

        async with service.live(path.format(repair)) as stream:
            await stream.next()

    assert service.views.tokens[repair] in stream.headers["causal-token"].split(",")


async def test_a_document_of_a_copy_that_trails_says_where_the_copy_is() -> None:
    async with in_memory() as service:
        repair = await service.views.open()
        copied = service.views.tokens[repair]
        service.views._cache = None  # from here on the copy trails the view
        await service.views.note(repair)
        await eventually(lambda: service.has_heard(service.views.tokens[repair]), pause=0)

        trailing = await service.get(f"/repairs/{repair}")
        fresh = await service.get(f"/repairs/{repair}", {"Causal-Token": copied})

    assert (trailing.json()["version"], trailing.headers["Causal-Token"].split(",")[0]) == (1, copied)
    assert (fresh.json()["version"], fresh.headers["Causal-Token"].split(",")[0]) == (2, service.views.tokens[repair])


async def test_a_history_names_the_log_of_its_stream_alone() -> None:
    async with in_memory() as service:
        repair = await service.views.open()
        await eventually(lambda: service.has_heard(service.views.tokens[repair]), pause=0)

        for path in (f"/repairs/{repair}/history", f"/history/{repair}"):
            assert (await service.get(path)).headers["Causal-Token"] == service.views.tokens[repair]


@pytest.fixture
def heard() -> HeardCheckpoints:
    heard = HeardCheckpoints()
    heard.begin({("list", "repair.0"): 5, ("list", "repair.1"): 9, ("owners", "owner.0"): 3, ("both", "repair.0"): 4})
    heard.move({("both", "owner.0"): 7})
    return heard


def test_of_several_parts_each_log_counts_where_the_last_of_them_is(heard: HeardCheckpoints) -> None:
    reach = Reach(heard)
    reach.view("list", "both")
    assert reach.positions == {"repair.0": 4, "repair.1": 9, "owner.0": 7}

    reach.copy("list", {"repair.1": 8})  # a copy that has nothing of repair.0 yet
    assert reach.positions == {"repair.0": 0, "repair.1": 8, "owner.0": 7}


def test_what_is_heard_after_a_read_began_is_not_in_its_token(heard: HeardCheckpoints) -> None:
    reach = Reach(heard)
    reach.view("owners")
    heard.move({("owners", "owner.0"): 4})

    assert reach.token == "owner.0:3"


def test_with_a_view_that_was_not_heard_of_nothing_is_promised(heard: HeardCheckpoints) -> None:
    reach = Reach(heard)
    reach.view("list", "unheard")

    assert reach.token == ""


def test_a_token_has_64_positions_at_most_and_the_log_of_the_document_is_among_them() -> None:
    heard = HeardCheckpoints()
    heard.begin({("list", f"repair.{number}"): number for number in range(200)})
    stream = "repair-0198c0de-0000-7000-8000-000000000001"
    reach = Reach(heard, stream)
    reach.view("list")

    token = parse_token(reach.token)

    assert len(token) == MOST
    assert token.items() <= heard.positions("list").items()
    assert reach.token.startswith(f"{log_of(stream, 200)}:")
