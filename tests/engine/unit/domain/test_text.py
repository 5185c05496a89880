"""Text by Unicode's properties: what can be read, what is the same, where it may be cut."""

from itertools import product
from typing import Literal
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpath.domain import all_seen, case_folded, readable, shortened

UNSEEN = {
    "blanks": " \u00a0\u2003\u3000",
    "zero width": "\u200b\u200c\u200d\u2060\ufeff",
    "soft hyphen": "\u00ad",
    "Hangul fillers": "\u115f\u1160\u3164\uffa0",
    "the blank of Braille": "\u2800",
    "combining": "\u0301\u20dd\u0903",
    "variation selectors": "\ufe0f\U000e0100",
    "grapheme joiner": "\u034f",
    "tags": "\U000e0041\U000e007f",
    "marks of direction": "\u200e\u200f\u061c",
    "Mongolian vowel separator": "\u180e",
    "unassigned and ignorable": "\U000e0fff\u2065",
    "musical format": "\U0001d173",
}


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("kind", UNSEEN)
def test_what_nobody_can_see_is_no_text(kind: str, lines: bool) -> None:
    characters = UNSEEN[kind]
    for text in (*characters, characters, characters[::-1] * 3, f" {characters} "):
        with pytest.raises(ValueError, match="nothing of it can be seen"):
            readable(text, lines=lines)


@given(st.text("".join(UNSEEN.values()), max_size=20))
def test_no_mixture_of_what_nobody_can_see_is_text(text: str) -> None:
    with pytest.raises(ValueError, match="nothing of it can be seen"):
        readable(text, lines=True)


@pytest.mark.parametrize("kind", sorted(UNSEEN.keys() - {"blanks", "combining"}))
def test_a_number_has_no_character_that_nobody_can_see(kind: str) -> None:
    for character in UNSEEN[kind]:
        with pytest.raises(ValueError, match=rf"U\+{ord(character):04X} can't be seen"):
            all_seen(f"a{character}b")


def test_a_number_may_have_letters_signs_and_blanks_of_any_script() -> None:
    for number in ("A+B/C'#", "a b", "e\u0301", "日本-1", "ШТ №5", "😀"):
        assert all_seen(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "Ada",
        "क\u094d\u200dष",
        "می\u200cخواهم",
        "e\u0301",
        "👨\u200d👩\u200d👧\u200d👦",
        "❤\ufe0f",
        "co\u00adoperate",
        "𓀀",
        "1",
        "?",
        "سارة",
        "\u2068Ada\u2069 and \u202bسارة\u202c",
        "\u200fשלום!",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_every_script_is_text_and_joiners_belong_to_it(text: str) -> None:
    assert readable(text) == readable(text, lines=True) == text


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\ud800", "\ufffe", "\U0010ffff"]
)
@pytest.mark.parametrize("lines", [False, True])
def test_controls_and_what_is_no_character_are_refused(character: str, lines: bool) -> None:
    with pytest.raises(ValueError, match=rf"U\+{ord(character):04X}"):
        readable(f"a{character}b", lines=lines)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\t", "\u2028", "\u2029"])
def test_lines_are_for_texts_of_lines(end: str) -> None:
    assert readable(f"a{end}b", lines=True)
    with pytest.raises(ValueError, match="one line"):
        readable(f"a{end}b")


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize(
    "text", ["\u202egpj.exe", "a\u202db\u202c", "\u2068a", "a\u2069", "\u2066\u202aa\u2069\u202c", "\u202aa"]
)
def test_a_text_does_not_turn_what_stands_around_it(text: str, lines: bool) -> None:
    with pytest.raises(ValueError, match=r"U\+202|direction"):
        readable(text, lines=lines)


def test_a_change_of_direction_ends_with_its_paragraph() -> None:
    with pytest.raises(ValueError, match="direction"):
        readable("\u2068a\nb\u2069", lines=True)


@given(st.text(st.characters(codec=None, categories=None)))
def test_no_text_is_changed_and_whatever_is_taken_can_be_stored(text: str) -> None:
    for lines in (False, True):
        try:
            assert readable(text, lines=lines) == text
        except ValueError:
            continue
        assert text.encode().decode() == text


FAMILY = "👨\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("abc", 5, "abc"),
        ("abc", 2, "ab"),
        ("abc", 0, ""),
        (f"ab{FAMILY}c", 2, "ab"),
        (f"ab{FAMILY}c", 3, f"ab{FAMILY}"),
        ("e\u0301e\u0301", 1, "e\u0301"),
        ("🇩🇪🇫🇷", 1, "🇩🇪"),
        ("a\r\nb", 2, "a\r\n"),
        ("क\u094dषि", 1, "क\u094dषि"),
        ("a" + "\u0301" * 1000, 1, ""),
    ],
)
def test_a_preview_is_cut_between_characters_as_people_count_them(text: str, most: int, short: str) -> None:
    assert shortened(text, most) == short


@given(st.text(), st.integers(0, 60))
def test_a_preview_is_a_beginning_of_bounded_length(text: str, most: int) -> None:
    short = shortened(text, most)

    assert text.startswith(short)
    assert len(short) <= most * 16


_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")


@given(st.text(st.sampled_from("aAäÄéÉßẞſkKK\u0301\u0308ΣσςİıΑᾳ")))
def test_spellings_that_differ_in_case_and_composition_are_one(text: str) -> None:
    forms = {normalize(form, case) for form, case in product(_FORMS, (text, normalize("NFD", text).casefold()))}

    assert len({case_folded(form) for form in forms}) == 1
