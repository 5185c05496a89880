"""The nodes of the broker: which address to try, and by which name its management UI shows a connection."""

import os
import re
import socket
from collections import deque
from random import sample
from urllib.parse import urlencode, urlsplit, urlunsplit

from aio_pika import connect
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from twinpath.running.time_limit import within

HEARTBEAT_SECONDS = 10
"""The broker drops a client that was silent for two of these, and its consumers with it; the client notices a silent
broker after three. An address may say otherwise: `?heartbeat=60`."""

_HOST = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:,/@\s]+)(?::(?P<port>\d{1,5}))?")


def places_of(url: str) -> list[str]:
    """Each `host:port` in `amqp://user:password@host:port,host:port/vhost`; no user and no password.

    Raises:
        ValueError: one of them is none.
    """
    scheme, _, _, _, _ = urlsplit(url)
    hosts = [_HOST.fullmatch(host) for host in urlsplit(url).netloc.rpartition("@")[2].split(",")]
    default = 5671 if scheme == "amqps" else 5672
    places = [(host["host"], int(host["port"] or default)) for host in hosts if host is not None]
    if len(places) < len(hosts) or not all(0 < port < 65536 for _, port in places):
        raise ValueError("the address of RabbitMQ is not amqp://user:password@host:port,host:port/vhost")
    return [f"{host}:{port}" for host, port in places]


class RabbitNodes:
    """The nodes that an address names, in random order, so that clients spread over them.

    `service` and `purpose` name each connection, as in `projector on shop-7d9f, process 12: views`. Raises ValueError.
    """

    def __init__(self, url: str, service: str, purpose: str) -> None:
        parts = urlsplit(url)
        name = f"{service} on {socket.gethostname()}, process {os.getpid()}: {purpose}"
        ours = {"name": name} if "heartbeat=" in parts.query else {"name": name, "heartbeat": HEARTBEAT_SECONDS}
        query = "&".join(filter(None, [parts.query, urlencode(ours)]))
        login, at, _ = parts.netloc.rpartition("@")
        places = places_of(url)
        self._urls = deque(
            urlunsplit(parts._replace(netloc=f"{login}{at}{place}", query=query))
            for place in sample(places, len(places))
        )

    @property
    def url(self) -> str:
        """The address of the node to try: the one that answered last."""
        return self._urls[0]

    def try_next(self) -> None:
        """This node does not do: the next one is to be tried."""
        self._urls.rotate(-1)

    async def connect(self, seconds: float) -> AbstractConnection:
        """A connection to the first node that answers; each has its share of `seconds`.

        Raises:
            CONNECTION_EXCEPTIONS, TimeoutError: none does; the error is the last one's.
        """
        share = seconds / len(self._urls)
        for _ in range(len(self._urls) - 1):
            try:
                return await within(share, connect(self.url))
            except (*CONNECTION_EXCEPTIONS, TimeoutError):
                self.try_next()
        try:
            return await within(share, connect(self.url))
        except BaseException:
            self.try_next()
            raise
