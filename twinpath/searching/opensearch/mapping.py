"""The index of a view in OpenSearch, and a document of it: words come cut, so its analysis does nothing but split."""

from collections.abc import Mapping
from typing import Any

from twinpath.searching.entries import LENGTH, PHRASES, Entry, Field, Reading
from twinpath.searching.ties import tie_of

ID, TIE, REVISION, REMOVED, BASE, FILL, STATE = "id", "tie", "revision", "removed", "base", "fill", "state"
_WHOLE = (Field.WHOLE, Field.EXACT, Field.FACTS)
"""Fields whose words may hold blanks."""
_READY = "ready"
_LONGEST = 8_000
"""Characters of a word that is kept whole: Lucene takes 32,766 bytes."""


def facet_field(number: int) -> str:
    """Of the so-many-th facet whose values are counted."""
    return f"facet{number}"


def number_field(number: int) -> str:
    """Of the so-many-th path of numbers."""
    return f"number{number}"


def index_of(reading: Reading) -> dict[str, Any]:
    """Settings and mappings. What is not declared is refused by the server.

    An index is one shard, so that its documents and its state are refreshed together.
    """
    fields: dict[str, Any] = {
        ID: {"type": "keyword", "index": False, "doc_values": True},
        TIE: {"type": "long", "index": False},
        LENGTH: {"type": "integer"},
        REVISION: {"type": "long", "index": False},
        BASE: {"type": "long", "index": False},
        REMOVED: {"type": "boolean"},
        FILL: {"type": "keyword", "index": False, "doc_values": False},
        STATE: {"type": "keyword", "index": False, "doc_values": False},
    }
    for field in Field:
        if field in _WHOLE:
            fields[field] = {"type": "keyword", "doc_values": False, "ignore_above": _LONGEST}
        else:
            options = "positions" if field in PHRASES else "docs"
            fields[field] = {"type": "text", "analyzer": _READY, "norms": False, "index_options": options}
    for number in range(len(reading.search.counted)):
        fields[facet_field(number)] = {"type": "keyword", "ignore_above": _LONGEST}
    for number in range(len(reading.numbers)):
        fields[number_field(number)] = {"type": "double"}
    return {
        "settings": {
            "number_of_shards": 1,
            "auto_expand_replicas": "0-1",
            "refresh_interval": "1s",
            "merge.policy.expunge_deletes_allowed": 0,
            "analysis": {
                "tokenizer": {_READY: {"type": "whitespace", "max_token_length": _LONGEST}},
                "analyzer": {_READY: {"type": "custom", "tokenizer": _READY}},
            },
        },
        "mappings": {
            "dynamic": "strict",
            "_source": {"includes": [REVISION, BASE, REMOVED, FILL, STATE]},
            "properties": fields,
        },
    }


def source_of(entry: Entry, base: int) -> dict[str, Any]:
    """An entry as it is sent; its version is its revision above `base`."""
    words: Mapping[str, Any] = {
        field.value: some if field in _WHOLE else " ".join(some) for field, some in entry.words.items() if some
    }
    facets = {facet_field(number): values for number, values in enumerate(entry.facets.values())}
    numbers = {number_field(number): values for number, values in enumerate(entry.numbers.values())}
    order = {ID: entry.id, TIE: tie_of(entry.id), LENGTH: entry.length}
    return {**words, **facets, **numbers, **order, REVISION: entry.revision, BASE: base, REMOVED: False}
