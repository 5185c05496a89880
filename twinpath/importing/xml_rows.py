"""The items of an XML feed, RSS or Atom, one at a time: with expat, which reads on as it goes and knows its line.

Documents that declare entities are refused: no feed needs them, and they can grow without end (defusedxml's rule).
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NoReturn
from xml.parsers import expat

from twinpath.errors import MalformedRequest

_CHUNK = 1 << 16
_ITEMS = ("item", "entry")
_OF_GOOGLE = "http://base.google.com/ns/1.0 "
"""What stands before a name of Google's: `g:id` is the item's number where RSS or Atom have an `id` of their own."""
_Item = tuple[int, Mapping[str, tuple[str, ...]]]


def xml_rows(opened: BinaryIO, shown: str, wished: str | None) -> Iterator[_Item]:
    """Line and values of each item; a nested element's name is that of its parents and its own, with dots between.

    `shown` is the encoding that the bytes show, which counts where they can't be the UTF-8 that XML is by default;
    `wished` counts always. Raises MalformedRequest: `unreadable_file`.
    """
    reader = _Reader(wished or (None if shown.startswith("utf") else _declared(opened) or shown))
    while chunk := opened.read(_CHUNK):
        yield from reader.fed(chunk, last=False)
    yield from reader.fed(b"", last=True)


def _declared(opened: BinaryIO) -> str | None:
    """The encoding that the document's first line declares, unless it is the UTF-8 that it is not."""
    begin = opened.read(200)
    opened.seek(0)
    _, mark, rest = begin.partition(b"encoding=")
    name = rest[1:].partition(rest[:1])[0].decode("ascii", "replace") if mark and rest else ""
    return None if not name or name.lower().replace("-", "") == "utf8" else name


class _Reader:
    def __init__(self, encoding: str | None) -> None:
        self._parser = expat.ParserCreate(encoding, namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._begun
        self._parser.EndElementHandler = self._ended
        self._parser.CharacterDataHandler = self._read
        self._parser.EntityDeclHandler = self._refuse
        self._path: list[str] = []
        self._texts: list[str] = []
        self._line = 0
        self._values: defaultdict[str, list[str]] | None = None
        self._of_google: defaultdict[str, list[str]] = defaultdict(list)
        self._whole: deque[_Item] = deque()

    def fed(self, chunk: bytes, last: bool) -> Iterator[_Item]:
        """The items that end in this piece."""
        try:
            self._parser.Parse(chunk, last)
        except (expat.ExpatError, LookupError, ValueError) as error:
            while self._whole:
                yield self._whole.popleft()
            line = getattr(error, "lineno", self._parser.CurrentLineNumber)
            raise MalformedRequest(f"line {line}: no well-formed XML: {error}", code="unreadable_file") from error
        while self._whole:
            yield self._whole.popleft()

    def _begun(self, name: str, _: Mapping[str, str]) -> None:
        plain = name.rpartition(" ")[2].lower().replace("_", " ")
        if self._values is None:
            if plain in _ITEMS:
                self._line, self._values = self._parser.CurrentLineNumber, defaultdict(list)
                self._of_google.clear()
            return
        self._path.append(plain)
        self._texts.append("")

    def _read(self, text: str) -> None:
        if self._texts:
            self._texts[-1] += text

    def _ended(self, name: str) -> None:
        if self._values is None:
            return
        if not self._path:
            values = {**self._values, **self._of_google}
            self._whole.append((self._line, {column: tuple(texts) for column, texts in values.items()}))
            self._values = None
            return
        path = ".".join(self._path)
        self._path.pop()
        if text := self._texts.pop().strip():
            (self._of_google if name.startswith(_OF_GOOGLE) else self._values)[path].append(text)

    def _refuse(self, *_: Any) -> NoReturn:
        raise ValueError("it declares entities")
