"""The index of a view in OpenSearch, and a document of it: words come cut, so its analysis does nothing but split."""

from collections.abc import Mapping
from typing import Any

from twinpath.searching.entries import LENGTH, PHRASES, Entry, Field, Reading
from twinpath.searching.ties import tie_of

TIE, REVISION, REMOVED, BASE, STATE = "tie", "revision", "removed", "base", "state"
_WHOLE = (Field.WHOLE, Field.EXACT, Field.FACTS)
_READY = "ready"


def facet_field(number: int) -> str:
    """Of the so-many-th facet whose values are counted."""
    return f"facet{number}"


def number_field(number: int) -> str:
    """Of the so-many-th path of numbers."""
    return f"number{number}"


def index_of(reading: Reading) -> dict[str, Any]:
    """Settings and mappings. What is not declared is refused by the server."""
    fields: dict[str, Any] = {
        TIE: {"type": "long"},
        LENGTH: {"type": "integer"},
        REVISION: {"type": "long", "index": False},
        BASE: {"type": "long", "index": False},
        REMOVED: {"type": "boolean"},
        STATE: {"type": "keyword", "index": False, "doc_values": False},
    }
    for field in Field:
        if field in _WHOLE:
            fields[field] = {"type": "keyword", "doc_values": False, "ignore_above": 8_000}
        else:
            options = "positions" if field in PHRASES else "docs"
            fields[field] = {"type": "text", "analyzer": _READY, "norms": False, "index_options": options}
    for number in range(len(reading.search.counted)):
        fields[facet_field(number)] = {"type": "keyword", "ignore_above": 8_000}
    for number in range(len(reading.numbers)):
        fields[number_field(number)] = {"type": "double"}
    kept = [REVISION, BASE, REMOVED, STATE]
    return {
        "settings": {"analysis": {"analyzer": {_READY: {"type": "custom", "tokenizer": "whitespace"}}}},
        "mappings": {"dynamic": "strict", "_source": {"includes": kept}, "properties": fields},
    }


def source_of(entry: Entry, base: int) -> dict[str, Any]:
    """An entry as it is sent; its version is its revision above `base`."""
    words: Mapping[str, Any] = {
        field.value: some if field in _WHOLE else " ".join(some) for field, some in entry.words.items() if some
    }
    facets = {facet_field(number): values for number, values in enumerate(entry.facets.values())}
    numbers = {number_field(number): values for number, values in enumerate(entry.numbers.values())}
    kept = {TIE: tie_of(entry.id), LENGTH: entry.length, REVISION: entry.revision, BASE: base, REMOVED: False}
    return {**words, **facets, **numbers, **kept}
