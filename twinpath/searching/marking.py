"""Why a document was found: the places in its texts that fit what was typed, and what may have been meant by it."""

from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from itertools import chain

from twinpath.searching.asking import Asked
from twinpath.searching.language import Language
from twinpath.searching.words import (
    CHUNK,
    LONGEST_TEXT,
    PIECE,
    Spelling,
    edits,
    ends,
    has_digit,
    joined,
    spellings,
    without_zeros,
)

_FRAGMENT = 200
"""Characters of a long text that are shown."""
_BEFORE = 40
_MOST_SUGGESTIONS = 5
_MOST_PIECES = 8


class Marker:
    """Marks what fits a query; it knows no engine, so a mark is the same with each."""

    def __init__(self, asked: Asked, language: Language) -> None:
        self._language = language
        self._asked = asked
        little = [word for word in asked.words if all(language.says_little(way.whole) for way in word.ways)]
        words = [word for word in asked.words if word not in little] or ([] if asked.phrases else little)
        pieces = (piece for word in words for way in word.ways for piece in way.pieces)
        targets = dict.fromkeys(chain(pieces, *asked.phrases))
        self._stems = dict.fromkeys(language.stem(target) for target in targets if not has_digit(target))
        self._targets = tuple(targets)
        self._forgiving, self._forgiving_stems = _forgiving(targets), _forgiving(self._stems)
        self._within = cache(self._fitting)  # documents that fit the same query have many words in common
        wholes = (way.whole for word in words for way in word.ways)
        self._wholes = frozenset(chain(wholes, *(word.together for word in words)))

    def marked(self, text: str) -> str | None:
        """The text, or a part of a long one, as HTML with what fits in `<mark>`; None where nothing does."""
        spans = _merged(self._spans(text[:LONGEST_TEXT]))
        if not spans:
            return None
        begin = 0 if len(text) <= _FRAGMENT else _begin(text, max(0, spans[0][0] - _BEFORE))
        end = min(len(text), begin + _FRAGMENT)
        parts, at = ["…" if begin else ""], begin
        for start, stop in spans:
            if start < end:
                stop = min(stop, end)
                parts += [escape(text[at:start]), f"<mark>{escape(text[start:stop])}</mark>"]
                at = stop
        return "".join([*parts, escape(text[at:end]), "…" if end < len(text) else ""])

    def suggestions(self, texts: Iterable[str]) -> list[str]:
        """What was typed, completed and put right by words of these texts, those of the first one first."""
        typed = " ".join(word.ways[0].whole for word in self._asked.words)
        completed = (text for some in texts if (text := self._completed(some)) is not None)
        suggested: dict[str, None] = {}
        for text in completed:
            if text.casefold() != typed:
                suggested[text] = None
            if len(suggested) == _MOST_SUGGESTIONS:
                break
        return list(suggested)

    def _completed(self, text: str) -> str | None:
        pieces = [(match[0], way.pieces) for match in PIECE.finditer(text) for way in spellings(match[0])[:1]]
        words = []
        for word in self._asked.words:
            if any(len(way.pieces) > 1 for way in word.ways[:1]):
                return None
            fitting = [(self._distance(p, word.ways), shown) for shown, some in pieces for p in some]
            best = min((fit for fit in fitting if fit[0] is not None), default=None)
            if best is None:
                return None
            words.append(best[1].lower())
        return " ".join(words) or None

    def _distance(self, piece: str, ways: Iterable[Spelling]) -> int | None:
        """How far a piece is from what was typed: equal, its beginning, a typing error away."""
        for far, fits in enumerate((_equal, _begins, _is_nearly)):
            if any(fits(piece, way.whole) for way in ways):
                return far
        return None

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        chunks = [(match.start(), match[0], ways) for match in CHUNK.finditer(text) if (ways := spellings(match[0]))]
        for at, chunk, _ in chunks:
            yield from ((at + start, at + stop) for start, stop in self._within(chunk))
        for where, word in joined([ways for _, _, ways in chunks]):
            if word in self._wholes:
                at, chunk, _ = chunks[where[-1]]
                yield chunks[where[0]][0], at + len(chunk)

    def _fitting(self, chunk: str) -> list[tuple[int, int]]:
        """The places within a chunk that fit."""
        ways, inner = spellings(chunk), list(PIECE.finditer(chunk))
        if (run := self._run(ways, len(inner))) is not None:
            return [(inner[run[0]].start(), inner[run[-1]].end())]
        written = ((part, piece) for part in inner for way in spellings(part[0]) for piece in way.pieces)
        return [part.span() for part, piece in written if self._is_meant(piece)]

    def _run(self, ways: Iterable[Spelling], count: int) -> range | None:
        """The pieces of a chunk which, joined, are what was typed; all where that can't be told."""
        for way in ways:
            words = way.runs if len(way.pieces) <= _MOST_PIECES else (way.whole,)  # of more, each piece by itself
            if not self._wholes.isdisjoint(words):
                runs = (range(i, j) for i in range(count) for j in range(i + 1, count + 1))
                fitting = (run for run in runs if self._is_whole("".join(way.pieces[run[0] : run[-1] + 1])))
                return next(fitting, range(count)) if len(way.pieces) == count <= _MOST_PIECES else range(count)
            if has_digit(way.whole) and not self._wholes.isdisjoint(ends(way.whole)):
                return range(count)
        return None

    def _is_whole(self, word: str) -> bool:
        return word in self._wholes or without_zeros(word) in self._wholes

    def _is_meant(self, piece: str) -> bool:
        if piece.startswith(self._targets) or _is_near(piece, self._forgiving):
            return True
        stem = self._language.stem(piece) if self._stems else ""
        return stem in self._stems or _is_near(stem, self._forgiving_stems)


def _equal(piece: str, typed: str) -> bool:
    return piece == typed or (has_digit(typed) and without_zeros(piece) == without_zeros(typed))


def _begins(piece: str, typed: str) -> bool:
    return piece.startswith(typed)


def _is_nearly(piece: str, typed: str) -> bool:
    return _is_near(piece, _forgiving((typed,)))


def _forgiving(words: Iterable[str]) -> list[tuple[str, int]]:
    """Those of which typing errors are forgiven, and how many."""
    return [(word, forgiven) for word in words if (forgiven := edits(word))]


def _is_near(piece: str, forgiving: Iterable[tuple[str, int]]) -> bool:
    return any(within_edits(piece, word, forgiven) for word, forgiven in forgiving)


def within_edits(word: str, other: str, most: int) -> bool:
    """Whether so many insertions, deletions, changes and swaps of neighbours make one word the other (the optimal
    string alignment distance, Damerau 1964)."""
    if abs(len(word) - len(other)) > most or len({*word} ^ {*other}) > 2 * most:
        return False  # a change takes one letter and adds one
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        following = [i]
        for j, against in enumerate(other, 1):
            best = min(row[j] + 1, following[j - 1] + 1, row[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == against:
                best = min(best, before[j - 2] + 1)
            following.append(best)
        if min(following) > most:
            return False
        before, row = row, following
    return row[-1] <= most


def _begin(text: str, at: int) -> int:
    """Where a part begins that shows this place: at a word, if one begins shortly before."""
    blank = text.rfind(" ", max(0, at - _BEFORE), at)
    return blank + 1 if blank >= 0 else at if at > _BEFORE else 0


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(stop, merged[-1][1])
        else:
            merged.append((start, stop))
    return merged
