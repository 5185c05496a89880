"""What the HTTP parser's protocol is given as its transport."""

import asyncio
from collections.abc import Callable
from typing import Any

from twinpath.http.edge.refusal import malformed


class Outlet(asyncio.Transport):
    """Writes to the real transport, and counts; `close` and the wish to read go to the connection."""

    def __init__(
        self, transport: asyncio.Transport, on_close: Callable[[], None], on_reading: Callable[[bool], None]
    ) -> None:
        super().__init__()
        self._transport = transport
        self._on_close = on_close
        self._on_reading = on_reading
        self.feeding = False
        """While the parser is fed. What is written then is its refusal, since answers are written by tasks."""
        self.begun = False
        """Whether the answer to the present request has begun."""
        self.over = False
        """Whether nothing more may be written."""
        self._written = 0

    @property
    def taken(self) -> int:
        """How many bytes the client, or the system for it, has taken since the connection began."""
        return self._written - self.unsent

    @property
    def unsent(self) -> int:
        """How many bytes wait to be taken."""
        return self._transport.get_write_buffer_size()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See asyncio.WriteTransport.write. Raises Refusal where the parser takes for malformed what it is fed."""
        if self.feeding:
            raise malformed("The HTTP parser can't read this.")
        if not self.over:
            self.begun = True
            self._written += len(data)
            self._transport.write(data)

    def close(self) -> None:
        """See asyncio.BaseTransport.close."""
        if not self.over:
            self._on_close()

    def is_closing(self) -> bool:
        """See asyncio.BaseTransport.is_closing."""
        return self.over or self._transport.is_closing()

    def pause_reading(self) -> None:
        """See asyncio.ReadTransport.pause_reading."""
        self._on_reading(False)

    def resume_reading(self) -> None:
        """See asyncio.ReadTransport.resume_reading."""
        self._on_reading(True)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See asyncio.BaseTransport.get_extra_info."""
        return self._transport.get_extra_info(name, default)
