"""A claim's key: two claims have the same one exactly when they are the same, and a personal one shows nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpath.domain import Claim, case_folded

KINDS = st.from_regex(r"[a-z][a-z_]{0,3}", fullmatch=True)
PARTS = st.lists(st.text(alphabet='ab:/",[]\\1é', max_size=4) | st.integers(0, 11), max_size=3)
SECRET = b"0" * 32


@given(KINDS, PARTS, st.booleans(), KINDS, PARTS, st.booleans())
def test_keys_are_equal_only_where_kind_and_parts_are(
    kind: str, parts: list[str | int], personal: bool, other_kind: str, others: list[str | int], other_personal: bool
) -> None:
    this = Claim(kind, *parts, personal=personal).key(SECRET)
    that = Claim(other_kind, *others, personal=other_personal).key(SECRET)

    assert (this == that) == ((kind, parts, personal) == (other_kind, others, other_personal))


@pytest.mark.parametrize(
    ("these", "those"),
    [(("a", "b"), ("a,b",)), (("a,b",), ("a", "b")), (("1",), (1,)), (("", "a"), ("a", "")), (('a","b',), ("a", "b"))],
)
def test_a_separator_in_a_part_makes_no_two_claims_equal(
    these: tuple[str | int, ...], those: tuple[str | int, ...]
) -> None:
    assert Claim("slot", *these).key(b"") != Claim("slot", *those).key(b"")


def test_a_stored_key_stays_as_it_is_for_ever() -> None:
    assert Claim("slot", "north", 7).key(SECRET) == '["slot","north",7]'
    personal = Claim("email", "ada@example.org", personal=True).key(SECRET)
    assert personal == "email:67bd71ed5e0b0fab5e0af84df89e290fc934db8c30bc892c7af789f8e1100c4c"


def test_a_personal_claim_is_a_hash_that_needs_the_secret() -> None:
    claim = Claim("email", "ada@example.org", personal=True)

    assert re.fullmatch(r"email:[0-9a-f]{64}", claim.key(SECRET))
    assert claim.key(SECRET) != claim.key(b"1" * 32)


@pytest.mark.parametrize("kind", ["", "E", "e-mail", "[", "_a", "a1"])
def test_a_kind_is_of_small_letters(kind: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        Claim(kind)


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert case_folded(case_folded(text)) == case_folded(text)


@pytest.mark.parametrize(("one", "other"), [("ÉVA@X.ORG", "e\u0301va@x.org"), ("STRASSE", "straße"), ("K", "\u212a")])
def test_people_take_these_for_the_same(one: str, other: str) -> None:
    assert case_folded(one) == case_folded(other)


def test_a_refusal_names_the_holder_only_where_it_may() -> None:
    quiet, open_ = Claim("e_mail", "a").refusal("owner-1"), Claim("sku", "a", holder_as="product_id").refusal("p-1")

    assert (quiet.code, quiet.detail, quiet.facts) == ("e_mail_taken", "This e mail is taken.", {})
    assert (open_.code, open_.facts) == ("sku_taken", {"product_id": "p-1"})
