"""Free TCP ports on 127.0.0.1, held until a server takes them."""

import os
import random
import socket
import sys
from contextlib import suppress
from pathlib import Path

HOST = "127.0.0.1"
_LOWEST = 15_000
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Port:
    """A port, bound here so that no other process gets it, as long as this object lives."""

    def __init__(self, held: socket.socket) -> None:
        self.number: int = held.getsockname()[1]
        self._held: int | None = held.detach()

    def lend(self) -> int:
        """Let a server with SO_REUSEADDR listen on the port, as all ours do; returns the number.

        The port stays bound here, so no other `hold_port` gets it before the server listens, which may take seconds; on
        Linux. Elsewhere it is released.
        """
        return self.number if sys.platform == "linux" else self.release()

    def release(self) -> int:
        """Release the port; returns its number. A second call changes nothing."""
        if self._held is not None:
            os.close(self._held)
            self._held = None
        return self.number

    def __del__(self) -> None:
        self.release()


def hold_port(number: int | None = None) -> Port:
    """A certain port, or a free one below the range the kernel takes outgoing ports from.

    Inside that range a client that reconnects to a stopped server can get the server's own port as its local
    one, and then talks to itself and blocks the restart.

    Raises:
        OSError: the port is taken, or no free one was found.
    """
    if number is not None:
        return _hold(number)
    for _ in range(200):
        with suppress(OSError):
            return _hold(random.randrange(_LOWEST, _first_ephemeral()))
    raise OSError("no free port on 127.0.0.1 in 200 tries")


def hold_ports(count: int) -> list[Port]:
    """Several free ports, all different."""
    return [hold_port() for _ in range(count)]


def _hold(number: int) -> Port:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        held.bind((HOST, number))
        held.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # only now: bind has proved that no other process has it
    except OSError:
        held.close()
        raise
    return Port(held)


def is_listening(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _first_ephemeral() -> int:
    """The start of the kernel's range: 32768 on most Linux machines, 49152 elsewhere."""
    if not _EPHEMERAL_RANGE.exists():
        return 49_152
    first = int(_EPHEMERAL_RANGE.read_text().split()[0])
    return first if first > _LOWEST + 1_000 else 32_768
