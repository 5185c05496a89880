"""What somebody typed, as a query that any engine can carry out.

A document's score says how each word was found, not how rare the word is: scores are sums of whole numbers that no
other document changes, so both engines rank alike and a page goes on where the one before it ended.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from twinpath.searching.entries import Field
from twinpath.searching.language import Language
from twinpath.searching.words import Spelling, edits, has_digit, joined, key_of, spellings, without_zeros

LONGEST_QUERY = 1_000
"""Characters."""
MOST_WORDS = 32

_SCORE_EXACT = 20_000
_SCORE_WHOLE = 400
_SCORE_PHRASE = 60
_SCORE_PIECE = 5
"""Of a word that stands there by itself, not joined of several."""
WORD_SCORE = 100
"""Of a word that stands in the first text as it was typed."""
NEXT_SCORE = 95
"""Of a word that is found otherwise, at most."""
_SCORES = {
    "word": (WORD_SCORE, 50),
    "joined": (NEXT_SCORE, 45),
    "zeros": (85, 42),
    "stem": (80, 40),
    "prefix": (60, 30),
    "typo": (20, 10),
}
"""How a word was found -> its score in the first text, and in the others."""
_REST = ((Field.REST, Field.REST_STEMS, Field.REST_PHRASE),)
_INTERNAL = ((Field.INTERNAL, Field.INTERNAL_STEMS, Field.INTERNAL_PHRASE),)
_SCORES_CODE = {"word": 90, "joined": 85, "zeros": 80}
_SCORE_CODE_PREFIX, _SCORE_END = 70, 25
SHORT_TITLES = (1, 2, 3, 4, 6, 8, 12)
"""A title of no more pieces than each of these ranks one higher."""

_QUOTED = regex.compile(r'(?<!\S)["“”„«»](?P<phrase>[^"“”„«»]*)["“”„«»]?|(?P<chunk>\S+)')
"""A mark within a chunk, as in 55", opens no phrase."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word."""

    field: Field
    word: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """Words that begin so; without `digits` those that have none."""

    field: Field
    word: str
    digits: bool = True


@dataclass(frozen=True, slots=True)
class Typo:
    """Words that are so many typing errors away, two letters changed round being one."""

    field: Field
    word: str
    edits: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """Pieces that follow each other."""

    field: Field
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Short:
    """Documents whose first text has so many pieces at most."""

    pieces: int


@dataclass(frozen=True, slots=True)
class Scored:
    """A query whose documents get this score."""

    query: "Query"
    score: int


@dataclass(frozen=True, slots=True)
class Best:
    """Any of these; the best score counts."""

    queries: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Most:
    """At least so many of these; their scores are added."""

    queries: tuple["Query", ...]
    least: int


@dataclass(frozen=True, slots=True)
class More:
    """The first; whatever of the others a document has adds its score."""

    query: "Query"
    others: tuple["Query", ...]


Query = Term | Prefix | Typo | Phrase | Short | Scored | Best | Most | More


@dataclass(frozen=True, slots=True)
class Word:
    """A chunk of what was typed: how it may be written, and what it makes with its neighbours."""

    ways: tuple[Spelling, ...]
    together: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed: words, and phrases in quotes."""

    text: str
    words: tuple[Word, ...]
    phrases: tuple[tuple[str, ...], ...]

    @property
    def different(self) -> list[Word]:
        """The words without repetitions, which would be looked for again and tell nothing more of what is meant."""
        together: dict[tuple[Spelling, ...], list[str]] = {}
        for word in self.words:
            together.setdefault(word.ways, []).extend(word.together)
        return [Word(ways, tuple(dict.fromkeys(pairs))) for ways, pairs in together.items()]


def asked(text: str) -> Asked:
    """Read what was typed.

    Raises:
        ValueError: it holds no letter, digit or emoji, or too many words.
    """
    chunks: list[tuple[Spelling, ...]] = []
    phrases: list[tuple[str, ...]] = []
    for match in _QUOTED.finditer(text):
        if match["chunk"] is not None:
            if ways := spellings(match["chunk"]):
                chunks.append(ways)
        elif pieces := tuple(
            p for chunk in match["phrase"].split() for way in spellings(chunk)[:1] for p in way.pieces
        ):
            phrases.append(pieces)
    if not chunks and not phrases:
        raise ValueError("what is searched for needs a letter or a digit")
    if len(chunks) + sum(map(len, phrases)) > MOST_WORDS:
        raise ValueError(f"a search takes {MOST_WORDS} words at most")
    together: list[list[str]] = [[] for _ in chunks]
    for where, word in joined(chunks, typed=True):
        for place in where:
            together[place].append(word)
    words = [Word(ways, tuple(pairs)) for ways, pairs in zip(chunks, together, strict=True)]
    return Asked(text, tuple(words), tuple(phrases))


def query_of(asked: Asked, language: Language, internal: bool = True) -> Query:
    """The query for what was typed: an exact number or name first, then whatever has most of the words.

    Without `internal` it looks at no text that owners are not shown.
    """
    return _Making(language, (*_REST, *(_INTERNAL if internal else ()))).query(asked)


def _in_order(asked: Asked) -> list[Query]:
    """What ranks titles higher that have the words as they were typed."""
    pieces = tuple(piece for word in asked.words for piece in word.ways[0].pieces)
    others: list[Query] = [Scored(Short(most), 1) for most in SHORT_TITLES]
    if pieces:
        others.append(Scored(Term(Field.WHOLE, " ".join(pieces)), _SCORE_WHOLE))
    if len(pieces) > 1:
        others.append(Scored(Phrase(Field.TITLE_PHRASE, pieces), _SCORE_PHRASE))
    elif pieces:
        others.append(Scored(Term(Field.TITLE_PHRASE, pieces[0]), _SCORE_PIECE))
    return others


def _says_little(word: Word, language: Language) -> bool:
    return all(len(way.pieces) == 1 and language.says_little(way.whole) for way in word.ways)


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes queries that look at the first text and at these others: words, stems, phrase of each."""

    language: Language
    others: tuple[tuple[Field, Field, Field], ...]

    @property
    def fields(self) -> Iterator[tuple[int, Field, Field, Field]]:
        """The rank of the texts' scores, their words, stems, phrase."""
        yield 0, Field.TITLE, Field.TITLE_STEMS, Field.TITLE_PHRASE
        yield from ((1, *fields) for fields in self.others)

    def query(self, asked: Asked) -> Query:
        """See query_of."""
        musts: list[Query] = [self._phrase(pieces) for pieces in asked.phrases]
        clauses = [(_says_little(word, self.language), self._word(word)) for word in asked.different]
        little = [clause for says_little, clause in clauses if says_little]
        needed = [clause for says_little, clause in clauses if not says_little]
        if not needed and not musts:
            little, needed = [], little
        if needed:
            musts.append(needed[0] if len(needed) == 1 else Most(tuple(needed), len(needed) - len(needed) // 4))
        fitting: Query = musts[0] if len(musts) == 1 else Most(tuple(musts), len(musts))
        if key := key_of(asked.text.strip(' "')):
            whole = "".join(word.ways[0].whole for word in asked.words)
            exact = [Scored(Term(Field.EXACT, key), _SCORE_EXACT)]
            exact += [Scored(Term(Field.EXACT, whole), _SCORE_EXACT // 2)] if whole and whole != key else []
            fitting = Best((*exact, *(fitting.queries if isinstance(fitting, Best) else (fitting,))))
        return More(fitting, (*little, *_in_order(asked)))

    def _phrase(self, pieces: tuple[str, ...]) -> Query:
        queries: list[Query] = []
        for rank, words, _, phrase in self.fields:
            query: Query = Term(words, pieces[0]) if len(pieces) == 1 else Phrase(phrase, pieces)
            queries.append(Scored(query, _SCORES["word"][rank] * len(pieces)))
        return Best(tuple(queries))

    def _word(self, word: Word) -> Query:
        """All the ways in which a word may be found."""
        queries: list[Query] = []
        for way in word.ways:
            queries += self._whole(way.whole, "word")
            if has_digit(way.whole) and (short := without_zeros(way.whole)) != way.whole:
                queries += self._whole(short, "zeros")
            if len(way.pieces) == 1:
                queries += self._like(way.whole)
            else:
                queries.append(self._in_pieces(way.pieces))
            queries.append(Scored(Prefix(Field.CODES, way.whole), _SCORE_CODE_PREFIX))
            queries.append(Scored(Term(Field.ENDS, way.whole), _SCORE_END))
            queries.append(Scored(Term(Field.EXACT, way.whole), _SCORES_CODE["word"]))
        for joint in word.together:
            queries += self._whole(joint, "joined")
        return Best(tuple(dict.fromkeys(queries)))

    def _whole(self, word: str, how: str) -> list[Query]:
        code = Scored(Term(Field.CODES, word), _SCORES_CODE[how])
        return [code, *(Scored(Term(words, word), _SCORES[how][rank]) for rank, words, _, _ in self.fields)]

    def _like(self, word: str) -> list[Query]:
        """Another ending, the beginning of a word, a typing error."""
        queries: list[Query] = []
        stem, forgiven = self.language.stem(word), edits(word)
        for rank, words, stems, _ in self.fields:
            if not has_digit(word):
                queries.append(Scored(Term(stems, stem), _SCORES["stem"][rank]))
            queries.append(Scored(Prefix(words, word), _SCORES["prefix"][rank]))
            if forgiven:
                queries.append(Scored(Typo(words, word, forgiven), _SCORES["typo"][rank]))
                if edits(stem):
                    queries.append(Scored(Typo(stems, stem, min(forgiven, edits(stem))), _SCORES["typo"][rank]))
        return queries

    def _in_pieces(self, pieces: Sequence[str]) -> Query:
        """Each of its pieces, wherever they stand; a piece that comes again would be looked for again."""
        ways = [Best((*self._whole(piece, "joined"), *self._like(piece))) for piece in dict.fromkeys(pieces)]
        return Scored(Most(tuple(ways), len(ways)), _SCORES["stem"][0])
