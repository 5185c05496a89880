"""Compares two sets of documents in the order of their ids: counts, checksums by range, a sample of what differs."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from twinpath.domain.views import Document

Pages = Callable[[str | None, int], Awaitable[list[Document]]]
"""Takes the id to go on after and how many; gives the next documents."""

_PAGE = 1_000
_RANGE = 10_000
_SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """One document: the fields that differ, each as it is in service and as it was built; a whole document is missing
    on one side when `field` is empty."""

    id: str
    field: str
    in_service: Any
    built: Any


@dataclass(slots=True)
class Range:
    """Documents that follow each other: from the first id to the last, and a checksum of each side."""

    first: str
    last: str = ""
    documents: int = 0
    in_service: str = ""
    built: str = ""

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same."""
        return self.in_service == self.built


@dataclass(slots=True)
class Comparison:
    """Numbers of documents, checksums by range, and some of the differences.

    `exact` says that both sides are of the same moment, so that any difference is a real one.
    """

    exact: bool
    in_service: int = 0
    built: int = 0
    same: int = 0
    differ: int = 0
    missing: int = 0
    """In service, but not built."""
    extra: int = 0
    """Built, but not in service."""
    ranges: list[Range] = field(default_factory=list)
    sample: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether there is no difference at all."""
        return not (self.differ or self.missing or self.extra)


async def compared(
    in_service: Pages, built: Pages, *, exact: bool, note: Callable[[int], None] = lambda n: None
) -> Comparison:
    """Walk through both; `revision`, which tells of commits and not of contents, does not count."""
    result = Comparison(exact)
    sums = _Sums(result)
    ours, theirs = _Walk(in_service), _Walk(built)
    here, there = await ours.next(), await theirs.next()
    while here is not None or there is not None:
        if there is None or (here is not None and here["_id"] < there["_id"]):
            assert here is not None
            result.missing += 1
            _sample(result, here["_id"], here, None)
            sums.add(here["_id"], _canonical(here), b"")
            here = await ours.next()
        elif here is None or there["_id"] < here["_id"]:
            result.extra += 1
            _sample(result, there["_id"], None, there)
            sums.add(there["_id"], b"", _canonical(there))
            there = await theirs.next()
        else:
            left, right = _canonical(here), _canonical(there)
            if left == right:
                result.same += 1
            else:
                result.differ += 1
                _sample(result, here["_id"], here, there)
            sums.add(here["_id"], left, right)
            here, there = await ours.next(), await theirs.next()
    sums.close()
    result.in_service, result.built = ours.count, theirs.count
    return result


class _Walk:
    def __init__(self, pages: Pages) -> None:
        self.count = 0
        self._documents = self._all(pages)

    async def next(self) -> Document | None:
        document = await anext(self._documents, None)
        self.count += document is not None
        return document

    @staticmethod
    async def _all(pages: Pages) -> AsyncIterator[Document]:
        after: str | None = None
        while page := await pages(after, _PAGE):
            for document in page:
                yield document
            after = page[-1]["_id"]


class _Sums:
    """Closes a range every so many documents."""

    def __init__(self, result: Comparison) -> None:
        self._result = result
        self._range: Range | None = None

    def add(self, document_id: str, in_service: bytes, built: bytes) -> None:
        if self._range is None:
            self._range = Range(document_id)
            self._in_service, self._built = blake2b(digest_size=8), blake2b(digest_size=8)
        self._range.last = document_id
        self._range.documents += 1
        self._in_service.update(in_service)
        self._built.update(built)
        if self._range.documents == _RANGE:
            self.close()

    def close(self) -> None:
        if self._range is not None:
            self._range.in_service, self._range.built = self._in_service.hexdigest(), self._built.hexdigest()
            self._result.ranges.append(self._range)
            self._range = None


def _canonical(document: Document) -> bytes:
    contents = {name: value for name, value in document.items() if name != "revision"}
    return orjson.dumps(contents, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=repr)


def _sample(result: Comparison, document_id: str, here: Document | None, there: Document | None) -> None:
    if here is None or there is None:
        differences = [Difference(document_id, "", here, there)]
    else:
        names = sorted((here.keys() | there.keys()) - {"revision"})
        pairs = [(name, here.get(name), there.get(name)) for name in names]
        differences = [Difference(document_id, name, left, right) for name, left, right in pairs if left != right]
    result.sample += differences[: _SAMPLE - len(result.sample)]
