"""The fields of an index of Tantivy, and a document of it."""

from collections.abc import Iterable, Sequence
from math import log2

from tantivy import Document, Index, Schema, SchemaBuilder, TextAnalyzerBuilder, Tokenizer

from twinpath.searching.asking import SHORT_TITLES
from twinpath.searching.entries import PHRASES, Entry, Field, fact
from twinpath.searching.ties import TIES, tie_of

ID, REVISION, TIE, STATE, WEIGHT = "id", "revision", "tie", "state", "weight"
FORM = 3
"""Of these fields; an index of another form is built anew."""
_READY = "ready"
"""The analyzer: words come cut and folded."""
_WHOLE = (Field.WHOLE, Field.EXACT, Field.FACTS)
"""Fields whose words may hold blanks."""


_SHARE = 0.01
"""Of a score, for each of SHORT_TITLES that a title is as short as; up to a share more for a low tie."""
_LEAST, _PART = 0.05, 0.9
"""Of a share: what each document has, and the lowest tie besides, so that rounding makes no share of another."""
TIER, _MOST_QUARTERS = fact("_tier", 0)[:-1], 6
"""What names of tiers begin with; the highest sort first."""
_TIE_BITS = (TIES - 1).bit_length()
_ROUNDING = 1e-6
"""Of a score: Tantivy multiplies numbers of 24 bits."""


def _weight_of(short: int, tie: int) -> float:
    """What Tantivy makes of a weight w is a score times log2(2 + w)."""
    return float(2 ** (1 + _SHARE * (short + _LEAST + _PART * (1 - tie / TIES))) - 2)


def score_of(weighted: float, weight: float) -> int:
    """The score with a point for each of SHORT_TITLES, from what Tantivy gives for a document of this weight."""
    factor = log2(2 + weight)
    return round(weighted / factor) + int((factor - 1) / _SHARE)


def first_unseen(weighted: float, scores: Iterable[int]) -> tuple[int, int]:
    """The first place, score below zero and tie, that a document may have of which Tantivy gives no more than this.

    `scores` are those that documents may have without the points of short titles.
    """
    first, most = (0, 0), len(SHORT_TITLES)
    for score in scores:
        shares = (weighted * (1 + _ROUNDING) / score - 1) / _SHARE - _LEAST
        if shares >= 0:
            short = min(int(shares), most)
            first = min(first, (-score - short, int(TIES * (1 - min(1.0, (shares - short) / _PART)))))
    return first


def _tier_of(short: int, tie: int) -> str:
    """The fact that stands for a document's tier: of those with so many points of short titles, each next tier has the
    lowest quarter of the ties."""
    return f"{TIER}{short}{min(_MOST_QUARTERS, (_TIE_BITS - tie.bit_length()) // 2)}"


def first_below(tier: str, score: int) -> tuple[int, int]:
    """The first place, score below zero and tie, that documents of later tiers may have, which have no higher score
    without the points of short titles."""
    short, quarters = map(int, tier.removeprefix(TIER))
    return -score - short, 1 << (_TIE_BITS - 2 * quarters)


def facet_field(number: int) -> str:
    """Of the so-many-th facet whose values are counted."""
    return f"facet{number}"


def number_field(number: int) -> str:
    """Of the so-many-th path of numbers."""
    return f"number{number}"


def schema_of(facets: int, numbers: int) -> Schema:
    """The schema of a view with so many facets and paths of numbers."""
    builder = SchemaBuilder()
    builder.add_text_field(ID, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(STATE, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(REVISION, fast=True)
    builder.add_unsigned_field(TIE, fast=True)
    builder.add_float_field(WEIGHT, fast=True)
    for field in Field:
        analyzer = "raw" if field in _WHOLE else _READY
        builder.add_text_field(field, tokenizer_name=analyzer, index_option="position" if field in PHRASES else "basic")
    for number in range(facets):
        builder.add_text_field(facet_field(number), fast=True, tokenizer_name="raw", index_option="basic")
    for number in range(numbers):
        builder.add_float_field(number_field(number), fast=True, indexed=True)
    return builder.build()


def made_ready(index: Index) -> Index:
    """The index, which knows its analyzer."""
    index.register_tokenizer(_READY, TextAnalyzerBuilder(Tokenizer.whitespace()).build())
    return index


def document_of(entry: Entry) -> Document:
    """An entry as Tantivy takes it."""
    document = Document()
    document.add_text(ID, entry.id)
    document.add_unsigned(REVISION, entry.revision)
    tie, short = tie_of(entry.id), sum(entry.length <= pieces for pieces in SHORT_TITLES)
    document.add_unsigned(TIE, tie)
    document.add_float(WEIGHT, _weight_of(short, tie))
    document.add_text(Field.FACTS, _tier_of(short, tie))
    for field, words in entry.words.items():
        if field in _WHOLE:
            for word in words:
                document.add_text(field, word)
        elif words:
            document.add_text(field, " ".join(words))
    _add(document, [*entry.facets.values()], [*entry.numbers.values()])
    return document


def state_of(document_id: str, state: str, facets: int, numbers: int) -> Document:
    """The document that holds an index's state. It has a value in every column, since Tantivy reads a column in a
    quarter less time where no document of a segment lacks a value.
    """
    document = Document()
    document.add_text(ID, document_id)
    document.add_text(STATE, state)
    document.add_unsigned(REVISION, 0)
    document.add_unsigned(TIE, 0)
    document.add_float(WEIGHT, 0.0)
    _add(document, [[""]] * facets, [[0.0]] * numbers)
    return document


def _add(document: Document, facets: Sequence[Sequence[str]], numbers: Sequence[Sequence[float]]) -> None:
    for number, values in enumerate(facets):
        for value in values:
            document.add_text(facet_field(number), value)
    for number, amounts in enumerate(numbers):
        for amount in amounts:
            document.add_float(number_field(number), amount)
