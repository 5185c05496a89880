"""Lines of a bulk request are read in one step each, however many empty ones stand between."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpath.commands.lines.reading import lines_of


async def read(parts: Sequence[bytes]) -> list[tuple[int, bytes]]:
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})
    messages = iter(waiting)

    async def receive() -> Any:
        return next(messages)

    return [line async for line in lines_of(receive, None)]


@given(st.lists(st.text("ab \t\r\n", max_size=12).map(str.encode), max_size=6))
async def test_however_a_body_is_cut_its_lines_have_their_numbers(parts: list[bytes]) -> None:
    lines = b"".join(parts).split(b"\n")
    expected = [(number, content) for number, line in enumerate(lines, 1) if (content := line.strip(b" \t\r\n"))]

    assert await read(parts) == expected


@pytest.mark.timeout(20)
@pytest.mark.parametrize("blank", [b"\n", b" ", b"\r\n", b" \n"])
async def test_millions_of_blanks_take_no_time(blank: bytes) -> None:
    chunk = b"a\n" + blank * 30_000 + b"\n"

    assert [content for _, content in await read([chunk] * 40)] == [b"a"] * 40
