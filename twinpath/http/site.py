"""Which hosts a service answers for, and which other sites' pages may change something through a browser."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from twinpath.errors import MalformedRequest, NotAllowed

READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}


class Site:
    """Refuses what a page of another site sends through a browser, and requests for another host.

    Both are texts, as a setting has them: names joined by commas.
    """

    def __init__(self, allowed_hosts: str = "*", allowed_origins: str = "") -> None:
        hosts = _listed(allowed_hosts)
        self._hosts = None if "*" in hosts else frozenset(hosts)
        self.origins = frozenset(_listed(allowed_origins))
        """The other sites whose pages may do what their user may, as browsers name them."""

    def check(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> None:
        """Look at a request before anything is done for it. Raises NotAllowed, MalformedRequest."""
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if self._hosts is not None and not path.startswith(("/health/", "/metrics")) and _name(host) not in self._hosts:
            raise MalformedRequest("This service does not go by that host.", code="unknown_host")
        if method not in READS:
            self._check_origin(host, headers)

    def _check_origin(self, host: str, headers: Mapping[bytes, bytes]) -> None:
        """Browsers say with each change where it comes from (Fetch Standard); other clients send neither header."""
        origin = headers.get(b"origin")
        fetched_from = headers.get(b"sec-fetch-site", b"none")
        given = "" if origin is None else origin.decode("latin-1").lower()
        if given and given in self.origins:
            return
        here = _authority(f"{given.partition(':')[0]}://{host}")
        same = origin is None or (here is not None and _authority(given) == here)
        if not same or fetched_from not in (b"none", b"same-origin"):
            raise NotAllowed("A page of another site may not do this.", code="foreign_origin")


def _listed(text: str) -> list[str]:
    return [part.strip().lower() for part in text.split(",") if part.strip()]


def _name(host: str) -> str:
    """A host without its port."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def _authority(origin: str) -> tuple[str, int] | None:
    """Host and port of an origin, None where it has none; the scheme may be that of a gateway that ends TLS."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None
