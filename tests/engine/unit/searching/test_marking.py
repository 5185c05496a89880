"""Highlights: a part of the text as it is, as HTML, in which a place is marked that fits."""

from html import unescape

import pytest

from tests.engine.contract.search.indexes import ENGLISH
from twinpath.searching.asking import asked
from twinpath.searching.marking import Marker

LONG = "so " * 200


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("lamp", "<i>Lamp</i> & 'shade'", "Lamp"),
        ("cafe", "Cafe\u0301 au lait", "Cafe\u0301"),
        ("womens", "Women’s shoes", "Women’s"),
        ("lamp", f"{LONG}lamp {LONG}", "lamp"),
        ("lamp", f"{'so-' * 200}lamp", "lamp"),
        ("lamp", f"A {'_' * 500}lamp", "lamp"),
        ("地図", f"{'東京' * 200}地図{'東京' * 200}", "地"),
        ("🦆", f"{'🇩🇪' * 300}🦆", "🦆"),
        ("x" * 100, f"{LONG}{'x' * 100}", "x" * 100),
    ],
)
def test_the_part_of_a_text_that_is_shown_has_a_mark(typed: str, text: str, marked: str) -> None:
    shown = Marker(asked(typed), ENGLISH).marked(text)

    assert shown is not None
    assert f"<mark>{marked}</mark>" in shown
    assert unescape(shown.replace("<mark>", "").replace("</mark>", "")).strip("…") in text
