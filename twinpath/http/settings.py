"""The limits on what a client may do to a service, derived together: each is a setting, with its reason here.

What a single service has besides stands here too: bulk requests of the command service, and pages, waits and event
streams of the query service. Three can't be set: an answer names twenty faulty fields, as nobody reads more; a line of
a bulk request holds 64 KiB, some sixty times what a command is long; a cursor has some 5,600 characters, since a text
that a list is sorted by has 1,000 at most, of up to four bytes, and base64 makes four characters of three bytes.

The worst that clients can make a service keep is `http_bytes_in_hand`, and besides 16 KiB of unsent bytes a connection
and 64 KiB a streamed body. With the defaults that is about 130 MiB, above some 120 MiB that a service takes at rest and
below the 384 MiB of the smallest pod (deploy/kubernetes; tests/engine/http/test_memory.py tries it).
"""

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from twinpath.observability.log_settings import LogSettings

KIB, MIB = 1024, 1024 * 1024


def _are_networks(text: str) -> str:
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            ip_network(part)
        except ValueError:  # uvicorn would trust everybody where it reads *, and nobody where a network is misspelt
            raise ValueError(f"{part!r} is no address and no network, as in 10.0.0.0/8") from None
    return text


Networks = Annotated[str, AfterValidator(_are_networks)]
"""Addresses or networks, joined by commas."""


class HttpSettings(LogSettings):
    """The settings that every service's HTTP server has: times in seconds, sizes in bytes."""

    host: str = Field("127.0.0.1", description="address to listen on")
    trusted_proxies: Networks = Field(
        "",
        description="gateways whose X-Forwarded-For says where a client is: addresses or networks joined by commas",
    )
    allowed_hosts: str = Field(
        "*", description="names that clients may call this service by, joined by commas; * is any. Probes need none"
    )
    allowed_origins: str = Field(
        "", description="other sites whose pages may ask (CORS), as in https://shop.example.com, joined by commas"
    )
    http_head_seconds: float = Field(
        10.0, gt=0, description="a request's head must be there so soon, also the first of a connection; else 408"
    )
    http_body_seconds: float = Field(
        15.0, gt=0, description="a body that brings less than the slowest rate over this time gets 408"
    )
    http_write_seconds: float = Field(
        30.0, gt=0, description="a client that takes less of its answer than the slowest rate for this long is cut off"
    )
    http_slowest_rate: int = Field(
        KIB, gt=0, description="bytes a second that a body or the taking of an answer must not stay below"
    )
    http_keep_alive_seconds: float = Field(
        75.0, gt=0, description="an idle connection stays open: longer than a gateway keeps it, which is mostly 60"
    )
    http_head_bytes: int = Field(
        32 * KIB, ge=8 * KIB, description="a request's line and headers; more is 431. Tokens and cookies fit twice"
    )
    http_headers: int = Field(100, ge=20, description="header lines of a request; more is 431")
    http_target_bytes: int = Field(
        8 * KIB, ge=KIB, description="path and query of a request; more is 414. The longest cursor fits twice"
    )
    http_body_bytes: int = Field(
        MIB, ge=KIB, description="a body that is read as a whole; more is 413. A bulk request may have any length"
    )
    http_unsent_bytes: int = Field(
        8 * MIB,
        ge=MIB,
        description="results of a bulk request that wait for a client that still sends; beyond them nothing is read",
    )
    http_bytes_in_hand: int = Field(
        64 * MIB,
        ge=4 * MIB,
        description="bytes received and not answered, or written and not taken, of all clients; the biggest gives way",
    )
    http_connections: int = Field(
        4096, ge=16, description="connections at once; beyond them the one that has waited longest is closed"
    )


class BulkLimits(HttpSettings):
    """What the command service has besides."""

    bulk_requests: int = Field(
        16, ge=1, description="bulk requests at once; one more gets 503. Each keeps some 6 MB at most"
    )
    bulk_lines: int = Field(
        10_000,
        ge=1,
        description="lines of a bulk request, some ten seconds of work; the rest is refused",
    )


class ReadLimits(HttpSettings):
    """What the query service has besides."""

    causal_wait_seconds: float = Field(
        5.0,
        gt=0,
        le=60,
        description="how long a query waits for its causal token",
    )
    cursor_key: SecretStr | None = Field(
        None,
        description="signs cursors, the same in all replicas; without one cursors end with the process that made them",
    )
    waits: int = Field(2_000, ge=1, description="queries that wait for a causal token at once; one more gets 503")
    waits_per_caller: int = Field(
        500, ge=1, description="such waits of one caller, or of an unknown one's address; one more gets 429"
    )
    live_streams: int = Field(
        1_000,
        ge=1,
        description="event streams open at once; one more gets 503. Queries have the other connections",
    )
    live_streams_per_caller: int = Field(
        500, ge=1, description="event streams of one client address, which may be a gateway's; one more gets 429"
    )
