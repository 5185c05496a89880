"""The elements of a JSON file that is one array, one at a time: such files are as long as those of a row a line."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from twinpath.errors import MalformedRequest

_CHUNK = 1 << 16
_LONGEST = 1 << 24
"""Characters of an element at most: what is damaged would otherwise be read to its end as one element."""

_BLANK = " \t\r\n"
_decoder = json.JSONDecoder()


def elements_of(text: TextIO) -> Iterator[tuple[int, Any]]:
    """Each element and the line on which it begins.

    Raises MalformedRequest: `unreadable_file`, where the array is damaged; nothing after that place can be told apart.
    """
    reader = _Reader(text)
    reader.expect("[")
    if reader.next_sign() != "]":
        yield reader.line, reader.element()
    while reader.next_sign() != "]":
        reader.expect(",")
        reader.next_sign()
        yield reader.line, reader.element()
    reader.expect("]")
    reader.expect("")


class _Reader:
    """Reads on where what it has does not suffice."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._kept = ""
        self.line = 1

    def next_sign(self) -> str:
        """The next character that is not blank, which stays there; empty at the end."""
        while True:
            rest = self._kept.lstrip(_BLANK)
            self.line += self._kept.count("\n", 0, len(self._kept) - len(rest))
            self._kept = rest
            if rest or not self._more():
                return rest[:1]

    def expect(self, sign: str) -> None:
        """Pass this character, or the end, which is an empty one. Raises MalformedRequest where another follows."""
        if self.next_sign() != sign:
            raise self._damaged(f"{sign!r} is missing" if sign else "something follows its end")
        self._kept = self._kept[1:]

    def element(self) -> Any:
        """The value that begins here. Raises MalformedRequest."""
        while True:
            try:
                value, end = _decoder.raw_decode(self._kept)
            except (ValueError, RecursionError) as error:
                if len(self._kept) > _LONGEST or not self._more():
                    raise self._damaged(str(error)) from None
                continue
            if end == len(self._kept) and self._more():  # a number may go on
                continue
            self.line += self._kept.count("\n", 0, end)
            self._kept = self._kept[end:]
            return value

    def _more(self) -> bool:
        # doubled each time, so that a long element is looked at a few times only
        chunk = self._text.read(max(_CHUNK, len(self._kept)))
        self._kept += chunk
        return bool(chunk)

    def _damaged(self, why: str) -> MalformedRequest:
        return MalformedRequest(f"the JSON array is damaged from line {self.line} on: {why}", code="unreadable_file")
