"""The W3C traceparent, which names a span: read from requests, kept in commits, whether or not we send traces."""

import re

_READABLE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def readable(value: str | None) -> str | None:
    """The traceparent, or None where there is none or it can't be read: W3C Trace Context says to ignore it then."""
    return value if value is not None and _READABLE.fullmatch(value) else None


def is_sampled(traceparent: str | None) -> bool:
    """Whether whoever began this trace records it: the last bit of the flags."""
    return traceparent is not None and traceparent[-1] in "13579bdf"
