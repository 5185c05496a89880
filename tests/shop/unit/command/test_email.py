"""E-mail addresses: which are taken, and which spellings are one, also among those that were claimed before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from command_service.customer.email import Email, spellings
from twinpath.domain import case_folded

ASKED: TypeAdapter[str] = TypeAdapter(Email)


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "ADA+news@Example.org",
        "jürgen@münchen.de",
        "用户@例子.广告",
        "a@xn--mnchen-3ya.de",
        "a.b@c.test",
    ],
)
def test_an_address_is_kept_as_it_was_written(address: str) -> None:
    assert ASKED.validate_python(f" {address} ") == address


@pytest.mark.parametrize(
    "address",
    [
        *("<a@b.co>", "Ada <a@b.co>", "a@b.co;", "a@b.co,", "a@b.co, c@d.co", "mailto:a@b.co", "a@b.co\n", "a@b.co."),
        *(
            "a\u200b@b.co",
            "a@b\u200b.co",
            "\ufeffa@b.co",
            "a\u200d@b.co",
            "a\u00ad@b.co",
            "a\u202e@b.co",
            "a\ud800@b.co",
        ),
        *(
            "a\u3164@b.co",
            "a\u115f@b.co",
            "\u2800@b.co",
            "a\u034f@b.co",
            "a\ufe0f@b.co",
            "a\ue000@b.co",
            "a\u180b@b.co",
        ),
        *(f"{'x' * 65}@b.co", f"a@{'b' * 64}.co", f"a@{'.'.join(['b' * 60] * 5)}.co"),
        *("a@b", "a@@b.co", "a b@c.co", '"a b"@c.co', "a@[127.0.0.1]", ".a@b.co", "a..b@c.co", "a@-b.co", "a@b_c.co"),
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        ASKED.validate_python(address.replace("\n", "\nx"))


@pytest.mark.parametrize(
    ("address", "other"),
    [
        ("Ada@Example.org", "ada@EXAMPLE.ORG"),
        ("jose\u0301@b.co", "JOS\u00c9@b.co"),
        ("a@münchen.de", "a@xn--mnchen-3ya.de"),
        ("a@MÜNCHEN.de", "A@XN--MNCHEN-3YA.DE"),
        ("a@münchen.de", "a@mu\u0308nchen.de"),
        ("a@ｂ.co", "a@b.co"),
        ("a@b。co", "a@b.co"),
    ],
)
def test_two_spellings_of_an_address_meet(address: str, other: str) -> None:
    assert set(spellings(address)) & set(spellings(other))


@pytest.mark.parametrize("other", ["b@example.org", "a@example.com", "a@mail.example.org", "a@münchen.de"])
def test_others_do_not_meet(other: str) -> None:
    assert not set(spellings("a@example.org")) & set(spellings(other))


@given(st.emails() | st.text())
def test_what_was_claimed_before_domains_had_one_form_is_claimed_first(address: str) -> None:
    assert spellings(address)[0] == case_folded(address)


@given(st.emails().filter(lambda address: "xn--" not in address.lower()))
def test_an_address_in_ascii_has_one_spelling(address: str) -> None:
    assert spellings(address) == [case_folded(address)]
