"""From Authorization to a caller, and from a caller to what it may do."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpath.errors import MalformedRequest, NotAuthenticated, NotPermitted
from twinpath.identity.authentication import OPEN, Authentication
from twinpath.identity.caller import Caller
from twinpath.identity.in_memory import InMemoryMachineKeys
from twinpath.identity.machine_keys import MachineKeys, create_key


async def test_who_shows_nothing_may_what_is_public() -> None:
    caller = await Authentication(public=frozenset({"catalogue:read"})).caller([])

    caller.need("catalogue:read")
    with pytest.raises(NotAuthenticated):
        caller.need("catalogue:write")


async def test_a_machine_key_is_taken_in_any_case_of_the_scheme() -> None:
    store = InMemoryMachineKeys()
    text = await create_key(store, "importer", ["bulk"], timedelta(days=1))
    authentication = Authentication(keys=MachineKeys(store))

    for scheme in ("Bearer", "bearer", "BEARER"):
        caller = await authentication.caller([f"{scheme} {text}".encode()])
        assert caller.subject == "importer"
        caller.need("bulk")
        with pytest.raises(NotPermitted):
            caller.need("orders:read")


@pytest.mark.parametrize("line", [b"", b"Bearer", b"Bearer ", b"Basic YTpi", b"token", b"\xff\xfe", b"Bearer \xff"])
async def test_whatever_is_no_token_of_ours_is_refused(line: bytes) -> None:
    with pytest.raises(NotAuthenticated):
        await Authentication(keys=MachineKeys(InMemoryMachineKeys())).caller([line])


async def test_two_authorizations_are_refused() -> None:
    with pytest.raises(MalformedRequest):
        await Authentication(keys=MachineKeys(InMemoryMachineKeys())).caller([b"Bearer a", b"Bearer a"])


async def test_where_nobody_is_asked_nobody_looks_at_what_they_send() -> None:
    for lines in ([b"Bearer a", b"Bearer a"], [b"Basic a"], []):
        assert (await OPEN.caller(lines)).owner is None


@given(st.text(), st.text(), st.text(), st.text())
def test_no_two_callers_have_the_same_key(issuer: str, subject: str, other_issuer: str, other_subject: str) -> None:
    same = Caller(issuer, subject).key == Caller(other_issuer, other_subject).key
    assert same == ((issuer, subject) == (other_issuer, other_subject))


@pytest.mark.parametrize(
    ("held", "asked", "may"),
    [
        ({"*"}, "orders:ship", True),
        ({"orders:*"}, "orders:ship", True),
        ({"orders:*"}, "ordersx:ship", False),
        ({"orders:ship"}, "orders:*", False),
        ({"bulk"}, "bulk", True),
        ({"bulk:*"}, "bulk", True),
        (set(), "orders:ship", False),
    ],
)
def test_a_permission_is_held_by_name_by_its_kind_or_by_all(held: set[str], asked: str, may: bool) -> None:
    assert Caller("issuer", "ada", frozenset(held)).may(asked) is may
