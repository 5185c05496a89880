"""A request that is refused below ASGI, and the answer to it: problem+json (RFC 9457) like every other error."""

from collections.abc import Iterable
from http import HTTPStatus

from twinpath.http.correlation import usable_id
from twinpath.http.documents.problems import EDGE, NO_OPERATION
from twinpath.http.problem_details import problem

_STATUSES = {code: status for codes in (EDGE, NO_OPERATION) for status in codes for code in codes[status]}


class Refusal(Exception):
    """A request that can't be taken: a stable code, whose status the documents have, and a sentence for its sender.

    Nothing that follows on the connection can be trusted, unless a request is refused that was read to its end.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = _STATUSES[code], code, detail

    def answer(
        self, path: str, correlation_id: bytes, more_headers: Iterable[tuple[bytes, bytes]], closes: bool
    ) -> bytes:
        """The whole answer, ready to be written."""
        response = problem(path, self.status, self.code, self.detail)
        headers = [
            *more_headers,
            *response.raw_headers,
            (b"x-correlation-id", usable_id(correlation_id)),
        ]
        if closes:
            headers.append((b"connection", b"close"))
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (
            self.status,
            HTTPStatus(self.status).phrase.encode(),
            lines,
            bytes(response.body),
        )


def malformed(detail: str) -> Refusal:
    """What is no HTTP."""
    return Refusal("malformed_request", detail)


def overloaded() -> Refusal:
    """One request too many."""
    detail = "More is asked of this service than it can do just now; nothing was done. Come back later."
    return Refusal("overloaded", detail)


def too_slow() -> Refusal:
    """A request that is not there after its time."""
    return Refusal("request_timeout", "The request did not arrive in time; nothing was done.")
