"""What an index keeps of a document: words, numbers and values, whatever the engine."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson

from twinpath.domain.searchable import Searchable
from twinpath.domain.views import Document, View
from twinpath.searching.language import Language
from twinpath.searching.words import chunks, ends, has_digit, joined, key_of

_FORM = 3
"""Of the words; an index of another form is built anew."""


class Field(StrEnum):
    """The fields of an index that hold words."""

    TITLE = "title"
    """Words of the first text, of those that follow each other the joined ones too."""
    TITLE_STEMS = "title_stems"
    TITLE_PHRASE = "title_phrase"
    """Its pieces, in their order."""
    REST = "rest"
    REST_STEMS = "rest_stems"
    REST_PHRASE = "rest_phrase"
    INTERNAL = "internal"
    """Words of texts that owners are not shown, in whose searches they do not count."""
    INTERNAL_STEMS = "internal_stems"
    INTERNAL_PHRASE = "internal_phrase"
    WHOLE = "whole"
    """The first text as one."""
    EXACT = "exact"
    """Whole numbers and names of things."""
    CODES = "codes"
    """Their parts."""
    ENDS = "ends"
    """Their ends, and those of words of the texts that have digits."""
    FACTS = "facts"
    """What filters ask for: path and value."""


PHRASES = (Field.TITLE_PHRASE, Field.REST_PHRASE, Field.INTERNAL_PHRASE)
LENGTH = "length"
"""Pieces in the first text."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What an index keeps of a document. `numbers` and `facets` are by path."""

    id: str
    revision: int
    words: Mapping[Field, list[str]]
    length: int
    numbers: Mapping[str, list[float]]
    facets: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class WholeDocument:
    """A document for an index."""

    id: str
    revision: int
    document: Document


class Reading:
    """How documents of a view become entries, by its declaration."""

    def __init__(self, view: View, language: Language) -> None:
        if view.search is None:
            raise ValueError(f"the view {view.name} is not declared to be searched")
        self.view = view
        self.search: Searchable = view.search
        self.language = language
        if hidden := [path for path in (self.search.text[0], *self.search.exact) if self.is_internal(path)]:
            raise ValueError(f"{view.name}: owners are not shown {hidden}, which would be searched first")

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """What filters may ask for."""
        view, search = self.view, self.search
        indexed = (path for fields in view.indexes for path in fields)
        owner = () if view.owner is None else (view.owner,)
        paths = dict.fromkeys((*view.filters, *indexed, *owner, *search.filters, *search.counted, *search.computed))
        return tuple(path for path in paths if path not in self.numbers and path != "_id")

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The paths of numbers that filters bound or facets count."""
        return tuple(dict.fromkeys((*self.search.numbers, *(facet.number for facet in self.search.ranges))))

    @cached_property
    def fingerprint(self) -> str:
        """Of everything that an index depends on; one of another fingerprint is built anew."""
        search = self.search
        facets = [*search.counted, *(facet.number for facet in search.ranges)]
        parts = [_FORM, self.language.name, search.text, search.exact, facets, self.paths, self.numbers]
        parts += [[path for path in search.text if self.is_internal(path)]]
        return blake2b(orjson.dumps(parts), digest_size=5).hexdigest()

    @cached_property
    def has_internal(self) -> bool:
        """Whether it has texts that owners are not shown."""
        return any(map(self.is_internal, self.search.text))

    def is_internal(self, path: str) -> bool:
        """Whether owners are not shown what a path leads to."""
        return path.partition(".")[0] in self.view.internal

    def entry(self, whole: WholeDocument) -> Entry:
        """What the index keeps of a document."""
        document = {
            **whole.document,
            **{name: compute(whole.document) for name, compute in self.search.computed.items()},
        }
        title = [*texts(document, self.search.text[0])]
        rest: dict[bool, list[str]] = {False: [], True: []}
        for path in self.search.text[1:]:
            rest[self.is_internal(path)] += texts(document, path)
        words = {
            **self._text(title, Field.TITLE, Field.TITLE_STEMS, Field.TITLE_PHRASE),
            **self._text(rest[False], Field.REST, Field.REST_STEMS, Field.REST_PHRASE),
            **self._text(rest[True], Field.INTERNAL, Field.INTERNAL_STEMS, Field.INTERNAL_PHRASE),
            Field.WHOLE: [key for text in title if (key := pieces_of(text))],
            **self._exact(whole.id, document),
            Field.FACTS: [
                fact("_id", whole.id),
                *(fact(path, value) for path in self.paths for value in _values(document, path)),
            ],
        }
        words[Field.ENDS] += [
            end for field in (Field.TITLE, Field.REST) for word in words[field] if has_digit(word) for end in ends(word)
        ]
        numbers = {path: [float(n) for n in _values(document, path) if _is_number(n)] for path in self.numbers}
        facets = {
            path: [_json(value) for value in _values(document, path) if value is not None]
            for path in self.search.counted
        }
        length = min((len(words[Field.TITLE_PHRASE]), 1_000))
        unique = {field: list(dict.fromkeys(some)) for field, some in words.items() if field not in PHRASES}
        return Entry(whole.id, whole.revision, {**words, **unique}, length, numbers, facets)

    def _text(self, some: Iterable[str], field: Field, stems: Field, phrase: Field) -> dict[Field, list[str]]:
        words: list[str] = []
        stemmed: list[str] = []
        pieces: list[str] = []
        for text in some:
            ways = chunks(text)
            words += (run for chunk in ways for spelling in chunk for run in spelling.runs)
            words += (word for _, word in joined(ways))
            stemmed += map(self.language.stem, (p for chunk in ways for spelling in chunk for p in spelling.pieces))
            pieces += (piece for chunk in ways for piece in chunk[0].pieces)
        return {field: words, stems: stemmed, phrase: pieces}

    def _exact(self, document_id: str, document: Document) -> dict[Field, list[str]]:
        exact, codes, last = [key_of(document_id)], [], []
        for text in (text for path in self.search.exact for text in texts(document, path)):
            ways = chunks(text)
            whole = "".join(chunk[0].whole for chunk in ways)
            exact += [key_of(text), whole]
            codes += [run for chunk in ways for spelling in chunk for run in spelling.runs]
            codes += [whole, *(word for _, word in joined(ways))]
            last += ends(whole)
        return {Field.EXACT: [key for key in exact if key], Field.CODES: codes, Field.ENDS: last}


class Readings:
    """The readings of the views that are declared to be searched; a generation `view@2` is read as its view is."""

    def __init__(self, views: Iterable[View], language: Language) -> None:
        self._by_view = {_plain(view.name): Reading(view, language) for view in views if view.search is not None}

    def __getitem__(self, view: str) -> Reading:
        """That of a view or of a generation. Raises KeyError."""
        return self._by_view[_plain(view)]


def _plain(view: str) -> str:
    return view.partition("@")[0]


def pieces_of(text: str) -> str:
    """A text's pieces with a blank between them."""
    return " ".join(piece for chunk in chunks(text) for piece in chunk[0].pieces)


def fact(path: str, value: Any) -> str:
    """What stands in an index for a value of a field; the id is known as `_id`."""
    return f"{path}={_json(value)}"


def texts(document: Any, path: str) -> Iterator[str]:
    """The texts that a path leads to."""
    return (value for value in _values(document, path) if isinstance(value, str))


def _values(holder: Any, path: str) -> Iterator[Any]:
    """The values that a path leads to, through lists; null where there is none, as filters understand it."""
    if isinstance(holder, list | tuple):
        for element in holder:
            yield from _values(element, path)
        return
    if not path:
        yield holder
        return
    name, _, rest = path.partition(".")
    if isinstance(holder, Mapping) and name in holder:
        yield from _values(holder[name], rest)
    else:
        yield None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS, default=str).decode()
