"""The headers of a request as RFC 9110 §5.3 reads them: several lines of one name are one value, joined by commas."""

from collections.abc import Iterable, Mapping

from starlette.types import Scope

ADDED_HEADERS = "added_headers"
"""Where the state of a request has headers that its answer gets, whatever the answer is: name -> value."""


def joined_headers(scope: Scope) -> Mapping[str, str]:
    """The headers by their names in lower case.

    A header that takes one value refuses several by its own form then: a key, an actor or a version holds no blank.
    """
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def joined_header(scope: Scope, *names: bytes) -> str | None:
    """The value of a header that goes by one of these names, None where the request has none."""
    return joined(value for name, value in scope["headers"] if name in names)


def joined(values: Iterable[bytes]) -> str | None:
    """Several lines as one value; None where there is none."""
    texts = [value.decode("latin-1") for value in values]
    return ", ".join(texts) if texts else None
