"""Conditional requests: If-Match and If-None-Match, as RFC 9110 §13.1 has them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from twinpath.errors import MalformedRequest

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_BETWEEN = re.compile(r"[ \t]*(?:,[ \t]*)*")
_VERSION = re.compile(r"(\d{1,15})(?:\.\w{1,15})?", re.ASCII)
"""What ETag says of an aggregate: the version, and behind a dot what else a document shows."""


@dataclass(frozen=True, slots=True)
class Tag:
    """An entity tag."""

    opaque: str
    weak: bool


@dataclass(frozen=True)
class Tags:
    """The tags of a condition, or `*`, which stands for whatever there is."""

    any: bool
    tags: Sequence[Tag] = ()

    @cached_property
    def versions(self) -> frozenset[int]:
        """The versions that strong tags name."""
        named = (_VERSION.fullmatch(tag.opaque) for tag in self.tags if not tag.weak)
        return frozenset(int(match[1]) for match in named if match)

    @cached_property
    def weak_versions(self) -> frozenset[int]:
        """The versions that tags name, weak ones too."""
        named = (_VERSION.fullmatch(tag.opaque) for tag in self.tags)
        return frozenset(int(match[1]) for match in named if match)

    def strongly(self, etag: str) -> bool:
        """Whether a strong etag, in its quotes, is among them; a weak tag equals none."""
        return self.any or any(f'"{tag.opaque}"' == etag for tag in self.tags if not tag.weak)

    def weakly(self, etag: str) -> bool:
        """Whether an etag is among them, weak or not."""
        return self.any or any(f'"{tag.opaque}"' == etag for tag in self.tags)


@dataclass(frozen=True)
class Condition:
    """What a request makes its effect depend on."""

    match: Tags | None = None
    none_match: Tags | None = None

    def holds(self, version: int) -> bool:
        """Whether an aggregate at this version, 0 where there is none, may be changed."""
        if self.match is not None and not self.match.any and version not in self.match.versions:
            return False
        if self.none_match is None:
            return True
        return version == 0 if self.none_match.any else version not in self.none_match.weak_versions


def condition_of(if_match: str | None, if_none_match: str | None) -> Condition | None:
    """The condition that these headers make, None where neither is given. Raises MalformedRequest."""
    if if_match is None and if_none_match is None:
        return None
    return Condition(
        None if if_match is None else _tags("If-Match", if_match, "malformed_if_match"),
        None if if_none_match is None else _tags("If-None-Match", if_none_match, "malformed_if_none_match"),
    )


def _tags(header: str, value: str, code: str) -> Tags:
    if value.strip(" \t") == "*":
        return Tags(any=True)
    tags: list[Tag] = []
    at = _end(_BETWEEN.match(value))
    while at < len(value):
        matched = _TAG.match(value, at)
        following = _end(_BETWEEN.match(value, matched.end())) if matched else 0
        separated = matched is not None and (following == len(value) or "," in value[matched.end() : following])
        if matched is None or not separated:
            tags = []
            break
        tags.append(Tag(matched[2], matched[1] is not None))
        at = following
    if not tags:
        raise MalformedRequest(
            f'{header} takes * or tags in quotes, as ETag gives them, joined by commas: "7", "8".', code=code
        )
    return Tags(False, tags)


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0
