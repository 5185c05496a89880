"""Ids and names: `<category>-<UUIDv7>` for aggregates, `<category>.<partition>` for logs."""

import random
import re
import time
from zlib import crc32

UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,99}")
_LOG = re.compile(r"([a-z]+)\.(\d{1,5})")


def uuid7() -> str:
    """A UUID of version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random; sorts by time of creation."""
    milliseconds = time.time_ns() // 1_000_000
    chance = random.getrandbits(74)  # unique, which is all that an id must be; a system call each is ten times slower
    value = milliseconds << 80 | 0x7 << 76 | chance >> 62 << 64 | 0b10 << 62 | chance & 0x3FFF_FFFF_FFFF_FFFF
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def expect_name(kind: str, name: str) -> None:
    """Refuse a declared name that can't be a part of stored ids, queues and keys: none of their separators is in it, so
    no two of them are put together to the same. Raises ValueError."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            f"the {kind} {name!r}: a name begins with a small letter, and goes on with small letters, digits, - and _"
        )


def escaped(part: str) -> str:
    """A part of an id that others follow behind a slash, whatever is in it: a percent sign and a slash are written as
    %25 and %2F, so that an id has one reading. A part without them stays as it is."""
    return part.replace("%", "%25").replace("/", "%2F")


def new_id(category: str) -> str:
    """A fresh aggregate id, which is also its stream's name: `ticket-0198c0de-…`."""
    return f"{category}-{uuid7()}"


def id_pattern(category: str) -> str:
    """The regular expression that an id of this category matches as a whole."""
    return f"^{category}-{UUID_PATTERN}$"


def id_example(category: str) -> str:
    """An id of a category, for documents."""
    return f"{category}-0198c0de-0000-7000-8000-000000000003"


def is_category(name: str) -> bool:
    """Whether streams and logs may be called so."""
    return re.fullmatch("[a-z]+", name) is not None


def category_of(stream: str) -> str:
    """The category of a stream: what stands before the first dash."""
    return stream.partition("-")[0]


def log_of(stream: str, partitions: int) -> str:
    """The log that a stream lives in: `<category>.<crc32(stream) % partitions>`."""
    return f"{category_of(stream)}.{crc32(stream.encode()) % partitions}"


def logs_of(categories: tuple[str, ...], partitions: int) -> list[str]:
    """Every log of these categories, in order."""
    return [f"{category}.{partition}" for category in categories for partition in range(partitions)]


def is_log(name: str) -> bool:
    """Whether this is the name of a log."""
    return _LOG.fullmatch(name) is not None
