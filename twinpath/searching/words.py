"""Text as it is indexed and looked for: pieces of letters or of digits, folded, and what they make when joined.

What stands between blanks is a chunk. `630/8-2RSR` is one of the pieces 630, 8, 2 and rsr, and is found by each run of
them, joined, so with whatever separators, or none, somebody types. Both sides go through here, so whatever the engine,
a word is the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from unicodedata import decimal, normalize

import regex

LONGEST_TEXT = 100_000
"""Characters of a field that are looked at."""
LONGEST_WORD = 80
_MOST_PIECES = 8
"""In a chunk whose every run is indexed; of a longer one, such as an id, the pieces and the whole are."""
_SHORTEST_END = 3

_ALONE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}[\p{Extended_Pictographic}--[©®™]]]"
"""Characters that are looked for one by one: scripts without blanks between words, and emoji."""
_FLAG = r"\p{Regional_Indicator}{2}"
_AFTER = r"(?<=[\p{L}\p{N}])[+#]+(?![\p{L}\p{N}])"
"""Signs that a name ends with, as in `C++` and `S20+`."""
PIECE = regex.compile(rf"{_ALONE}\p{{M}}*|{_FLAG}|(?:(?!{_ALONE})\p{{L}}\p{{M}}*)+|\p{{N}}+|{_AFTER}", regex.V1)
_SIGNS = regex.compile(_AFTER)
CHUNK = regex.compile(r"\S+")
_ACCENTS = regex.compile(r"[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]")
_INVISIBLE = regex.compile(r"[\p{Cf}\u00ad\ufe00-\ufe0f]")
_DIGIT = regex.compile(r"[\p{Nd}--[0-9]]", regex.V1)
_PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "×": "x", "μ": "u"}
)
"""Letters, and signs of measures, as a keyboard has them."""
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_FOR_LETTERS = regex.compile(r"(?<![\p{N}])[!$@](?=\p{L})")
_LETTERS_MEANT = {"!": "i", "$": "s", "@": "a"}


def folded(text: str) -> str:
    """Without case, accents and the two forms of Unicode (NFKC, D146; accents of Latin and of vowelled scripts).

    Digits of other scripts are those of ASCII.
    """
    if text.isascii():
        return text.lower()
    plain = normalize("NFKC", _INVISIBLE.sub("", text)).casefold().translate(_PLAIN)
    plain = _DIGIT.sub(lambda match: str(decimal(match[0])), plain)
    return normalize("NFC", _ACCENTS.sub("", normalize("NFD", plain)))


@dataclass(frozen=True)
class Spelling:
    """One way in which a chunk is written: its pieces."""

    pieces: tuple[str, ...]

    @cached_property
    def whole(self) -> str:
        """The pieces, joined."""
        return "".join(self.pieces)[:LONGEST_WORD]

    @cached_property
    def runs(self) -> tuple[str, ...]:
        """What pieces that follow each other make when joined, each also without the zeros that it begins with."""
        count = len(self.pieces)
        if count > _MOST_PIECES:
            parts = [*self.pieces, self.whole]
        else:
            parts = ["".join(self.pieces[i:j]) for i in range(count) for j in range(i + 1, count + 1)]
        ways = ((part, without_zeros(part)) if part.startswith("0") else (part,) for part in parts)
        return tuple(word[:LONGEST_WORD] for way in ways for word in way)


@lru_cache(maxsize=20_000)
def spellings(chunk: str) -> tuple[Spelling, ...]:
    """How a chunk may be written, the way that it is first; none where it has neither letters nor digits."""
    texts = [chunk]
    composed = normalize("NFKC", chunk).casefold()
    if (spelt_out := composed.translate(_SPELT_OUT)) != composed:
        texts.append(spelt_out)
    if "." not in chunk and _FOR_LETTERS.search(chunk):
        texts.append(_FOR_LETTERS.sub(lambda match: _LETTERS_MEANT[match[0]], chunk))
    texts += [without for text in texts if (without := _SIGNS.sub("", text)) != text]
    written = dict.fromkeys(Spelling(tuple(PIECE.findall(folded(text)))) for text in texts)
    return tuple(spelling for spelling in written if spelling.pieces)


def chunks(text: str) -> list[tuple[Spelling, ...]]:
    """The spellings of each chunk of a text."""
    return [ways for chunk in CHUNK.findall(text[:LONGEST_TEXT]) if (ways := spellings(chunk))]


def joined(ways: Sequence[Sequence[Spelling]], typed: bool = False) -> Iterator[tuple[range, str]]:
    """What chunks that follow each other make when joined: `meat loaf` is looked for as `meatloaf` too.

    Two are joined, and three where one has a digit, as parts of a number do, or is a letter, as in `Guns N' Roses`, or
    where they were typed: `tee licht halter`. Gives which chunks, and the word.
    """
    first = [chunk[0].whole for chunk in ways]
    for i, (word, other) in enumerate(pairwise(first)):
        yield range(i, i + 2), (word + other)[:LONGEST_WORD]
    for i in range(len(first) - 2):
        three = first[i : i + 3]
        if typed or any(len(part) == 1 or has_digit(part) for part in three):
            yield range(i, i + 3), "".join(three)[:LONGEST_WORD]


def has_digit(word: str) -> bool:
    """Whether there is a digit in it, of whatever script."""
    return not (word.isascii() and word.isalpha()) and any(map(str.isnumeric, word))


def without_zeros(word: str) -> str:
    """Without the zeros that it begins with, of which the last stays where nothing follows."""
    return word.lstrip("0") or "0"


def edits(word: str) -> int:
    """How many typing errors are forgiven: none in what has a digit, nor in three letters."""
    if has_digit(word) or len(word) <= 3:
        return 0
    return 1 if len(word) <= 7 else 2


def key_of(text: str) -> str:
    """The form in which what is looked up as a whole is equal; empty where nothing is left of it."""
    return " ".join(folded(text[:LONGEST_TEXT]).split())


def ends(word: str) -> list[str]:
    """What a word ends with, from three characters on."""
    return [word[start:] for start in range(1, len(word) - _SHORTEST_END + 1)]
