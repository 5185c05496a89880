"""The limits on what a client may do to a service, derived together: each is a setting, with its reason here.

The worst that clients can make a service keep is `http_bytes_in_hand`, and besides 16 KiB of unsent bytes a connection
and 64 KiB a streamed body. With the defaults that is about 130 MiB, above some 120 MiB that a service takes at rest and
below the 384 MiB of the smallest pod (deploy/kubernetes; tests/engine/http/test_memory.py tries it).
"""

from pydantic import Field

from twinpath.observability.log_settings import LogSettings

KIB, MIB = 1024, 1024 * 1024


class HttpSettings(LogSettings):
    """The settings that every service's HTTP server has: times in seconds, sizes in bytes."""

    host: str = Field("127.0.0.1", description="address to listen on")
    allowed_hosts: str = Field(
        "*", description="names that clients may call this service by, joined by commas; * is any. Probes need none"
    )
    allowed_origins: str = Field(
        "", description="other sites whose pages may send commands, as in https://shop.example.com, joined by commas"
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
