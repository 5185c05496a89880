"""Whatever ids, keys and names are put together from, two of them are the same only when all their parts are."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.engine.workshop.repairs import AddRepairNote
from twinpath.commands.envelope import Envelope
from twinpath.commands.processes.means import derived_id
from twinpath.commands.processes.timers import timer_id
from twinpath.domain.aggregate import Aggregate
from twinpath.domain.claim import Claim
from twinpath.domain.process import Process
from twinpath.domain.projection import Projection
from twinpath.domain.views import View
from twinpath.http.causal_token import format_token
from twinpath.queries.reading.cursor import Cursors
from twinpath.views.history import entry_id
from twinpath.views.naming import generation_name
from twinpath.views.parking import parked_id

CURSORS = Cursors()
NOW = datetime(2026, 3, 2, tzinfo=UTC)
parts = st.text("ab/%@:.|{}-2F", max_size=5)
names = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True)
logs = st.builds("{}.{}".format, st.text("ab", min_size=1, max_size=3), st.integers(0, 99))
versions = st.integers(1, 10**9)
separators = st.sampled_from(list("/@:.|{} %"))


def command(stream: str) -> AddRepairNote:
    return AddRepairNote(repair_id=stream, note="n", at=NOW)


def callers_id(actor: str, key: str) -> str:
    return Envelope(command("repair-1"), actor=actor, idempotency_key=key).command_id


def derived(cause: str, stream: str, key: str) -> str:
    return derived_id(cause, command(stream), key)


def claim(kind: str, *values: str | int) -> str:
    return Claim(kind.replace("-", "_").strip("0123456789") or "a", *values).key(b"")


MADE: dict[str, tuple[Any, st.SearchStrategy[tuple[Any, ...]]]] = {
    "a caller's command": (callers_id, st.tuples(parts, parts)),
    "a process's command": (derived, st.tuples(parts, parts, parts)),
    "a timer": (timer_id, st.tuples(parts, parts, parts)),
    "a parked stream": (parked_id, st.tuples(names, parts)),
    "an entry of a history": (entry_id, st.tuples(parts, versions)),
    "a generation": (generation_name, st.tuples(names, st.integers(1, 99))),
    "a causal token": (format_token, st.tuples(logs, versions)),
    "a claim": (claim, st.tuples(st.sampled_from(["sku", "slot"]), parts | versions, parts)),
    "a cursor": (lambda *place: CURSORS.encode(place, {}), st.tuples(parts | versions | st.none(), parts)),
}


@pytest.mark.parametrize("kind", sorted(MADE))
def test_no_other_parts_are_put_together_to_the_same(kind: str) -> None:
    make, given_parts = MADE[kind]

    @given(given_parts, given_parts)
    def is_injective(first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
        assert (make(*first) == make(*second)) is (first == second)

    is_injective()


@given(st.lists(st.tuples(parts, parts), min_size=2, max_size=2, unique=True), st.integers(0, 4))
@example([("a", "b/c"), ("a/b", "c")], 0)
@example([("a%2Fb", "c"), ("a/b", "c")], 0)
def test_two_callers_never_have_one_command_id(callers: list[tuple[str, str]], cut: int) -> None:
    """Also where the one's name and key are the other's, cut elsewhere."""
    whole = "/".join(callers[0])
    elsewhere = (whole[:cut], whole[cut:].removeprefix("/"))
    assert (callers_id(*callers[0]) == callers_id(*elsewhere)) is (callers[0] == elsewhere)
    assert callers_id(*callers[0]) != callers_id(*callers[1])


def test_ids_that_are_stored_already_stay_as_they_are() -> None:
    assert callers_id("agent-ann", "a/b%20c") == "agent-ann/a/b%20c"
    assert timer_id("fulfilment", "reservation-expiry", "order-1") == "fulfilment/reservation-expiry/order-1"
    assert derived("order-1@1", "repair-1", "") == "08bf78ee-275b-5e77-a47c-c084dd8d2593"
    assert derived("order-1@1", "repair-1", "k/1") == "1e9454d1-e9fd-5e2b-843e-ae60d4249ccb"


@given(names, separators, st.integers(0, 6))
def test_a_name_that_is_declared_has_none_of_the_separators(name: str, separator: str, place: int) -> None:
    bad = name[:place] + separator + name[place:]
    declarations: tuple[Callable[[], Any], ...] = (
        lambda: type("P", (Projection,), {"name": "p", "views": (View(bad),)}),
        lambda: type("P", (Projection,), {"name": bad}),
        lambda: type("P", (Process,), {"name": bad}),
        lambda: Aggregate(bad, _no_events, _no_state, dict, ()),
    )
    for declare in declarations:
        with pytest.raises(ValueError, match="small letter"):
            declare()


def _no_events(*_: Any) -> list[Any]:
    return []


def _no_state(*_: Any) -> dict[str, Any]:
    return {}
