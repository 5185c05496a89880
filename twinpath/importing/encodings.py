"""How the text of a file is encoded: by its byte order mark, else UTF-8 where that fits, else Windows-1252."""

import codecs
from pathlib import Path

from twinpath.errors import MalformedRequest

_CHUNK = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
FALLBACK = "cp1252"
"""What spreadsheets on Windows write in the western world; its five unused bytes are shown as replaced."""


def encoding_of(file: Path, wished: str | None = None) -> str:
    """The encoding of a file; `wished` is taken as it is. The file is read once, a piece at a time.

    Raises MalformedRequest: `unknown_encoding`.
    """
    if wished is not None:
        try:
            return codecs.lookup(wished).name
        except LookupError:
            raise MalformedRequest(f"there is no encoding {wished!r}", code="unknown_encoding") from None
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as opened:
        chunk = opened.read(_CHUNK)
        for mark, name in _MARKS:
            if chunk.startswith(mark):
                return name
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = opened.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return FALLBACK
    return "utf-8"
