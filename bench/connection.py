"""One kept HTTP connection for requests one after the other, with little of its own in their times."""

import http.client
from types import TracebackType
from urllib.parse import urlsplit

JSON = {"Content-Type": "application/json"}


class Connection:
    """To be used as a context."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The answer's body. Raises RuntimeError for anything but 200 and 201."""
        self._connection.request(method, path, body, JSON if body else {})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        return content
