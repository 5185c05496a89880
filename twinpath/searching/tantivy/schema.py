"""The fields of an index of Tantivy, and a document of it."""

from collections.abc import Sequence

from tantivy import Document, Index, Schema, SchemaBuilder, TextAnalyzerBuilder, Tokenizer

from twinpath.searching.asking import SHORT_TITLES
from twinpath.searching.entries import LENGTH, PHRASES, Entry, Field
from twinpath.searching.ties import tie_of

ID, REVISION, TIE, STATE = "id", "revision", "tie", "state"
_READY = "ready"
"""The analyzer: words come cut and folded."""
_WHOLE = (Field.WHOLE, Field.EXACT, Field.FACTS)
"""Fields whose words may hold blanks."""


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
    builder.add_text_field(LENGTH, tokenizer_name="raw", index_option="basic")
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
    document.add_unsigned(TIE, tie_of(entry.id))
    for pieces in SHORT_TITLES:  # a word each, since a range is looked up in all documents, whatever is found
        if entry.length <= pieces:
            document.add_text(LENGTH, str(pieces))
    for field, words in entry.words.items():
        if field in _WHOLE:
            for word in words:
                document.add_text(field, word)
        elif words:
            document.add_text(field, " ".join(words))
    _add(document, [*entry.facets.values()], [*entry.numbers.values()])
    return document


def _add(document: Document, facets: Sequence[Sequence[str]], numbers: Sequence[Sequence[float]]) -> None:
    for number, values in enumerate(facets):
        for value in values:
            document.add_text(facet_field(number), value)
    for number, amounts in enumerate(numbers):
        for amount in amounts:
            document.add_float(number_field(number), amount)
