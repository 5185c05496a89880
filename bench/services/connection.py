"""A persistent HTTP connection that sends one request at a time and adds little to the measured times."""

import http.client
from types import TracebackType
from urllib.parse import urlsplit

JSON = {"Content-Type": "application/json"}


class Connection:
    """A context manager: the connection is closed at its end."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Send a request; returns the body of the response. Raises RuntimeError for any status but 200 and 201."""
        self._connection.request(method, path, body, JSON if body else {})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        return content
