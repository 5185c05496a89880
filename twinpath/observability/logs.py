"""How every service logs: structlog, one line an event on standard error, JSON or readable.

No line tells what a customer wrote. Our own calls name ids and numbers; of an exception its kind and place are written,
and its message only where that can't quote data. Of libraries' records, from WARNING on whatever our own level is, the
first line is kept. What repeats itself is cut to some lines a minute, and how many were left out is said.
"""

import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO, cast

import structlog
from opentelemetry import trace
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from twinpath.observability.log_settings import LogFormat, LogLevel
from twinpath.observability.logged_exceptions import exceptions_as_data

LINES_A_MINUTE = 20
"""Of one event."""

_MINUTE = 60.0
_MOST_EVENTS = 1_000
_LIBRARIES = {"aio_pika": logging.CRITICAL, "aiormq": logging.ERROR, "aiormq.connection": logging.CRITICAL}
"""That the broker is away the relay and the feeds say themselves, once; what these add is an error a channel."""

_FIRST = ("timestamp", "level", "service", "event")


def configure_logs(service: str, level: LogLevel = "info", form: LogFormat = "auto", to: TextIO | None = None) -> None:
    """Set up the process's logs; `service` is `command`, `projector` or `query`; they go to standard error."""
    out = _Unfailing(to or sys.stderr)
    pretty = out.isatty() if form == "auto" else form == "console"
    every: list[Processor] = [_named(service), structlog.processors.add_log_level, _stamped, _spans]
    last: list[Processor] = [exceptions_as_data, *(_CONSOLE if pretty else _JSON)]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, Repeats(), *every, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, out)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.addFilter(_OfLibraries())
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.contextvars.merge_contextvars, structlog.stdlib.add_logger_name, *every],
            processors=[ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for library, least in _LIBRARIES.items():
        logging.getLogger(library).setLevel(least)


class _Unfailing:
    """A stream that loses lines where it can't be written, as on a full disk: no work fails for want of its line."""

    def __init__(self, to: TextIO) -> None:
        self._to = to
        self.isatty = to.isatty

    def write(self, text: str) -> int:
        with suppress(OSError):
            return self._to.write(text)
        return 0

    def flush(self) -> None:
        with suppress(OSError):
            self._to.flush()


class Repeats:
    """A processor: of each event at most LINES_A_MINUTE; its next line after that says how many were left out.

    Debug is for a short look at everything, and not bounded.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: dict[str, float] = {}
        self._lines: dict[str, int] = {}

    def __call__(self, _: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:
        left_out = 0 if method == "debug" else self.count(str(event_dict["event"]))
        if left_out is None:
            raise structlog.DropEvent
        if left_out:
            event_dict["left_out"] = left_out
        return event_dict

    def count(self, event: str) -> int | None:
        """How many lines of an event were left out before this one; None when this one is."""
        now = self._clock()
        if len(self._lines) > _MOST_EVENTS:
            self._lines.clear()
            self._began.clear()
        lines, left_out = self._lines.get(event, 0) + 1, 0
        if now - self._began.setdefault(event, now) >= _MINUTE:
            self._began[event], lines, left_out = now, 1, max(0, lines - 1 - LINES_A_MINUTE)
        self._lines[event] = lines
        return None if lines > LINES_A_MINUTE else left_out


class _OfLibraries(logging.Filter):
    """Bounds what repeats itself, and keeps the first line: what follows it may quote the data at hand."""

    def __init__(self) -> None:
        super().__init__()
        self._repeats = Repeats()

    def filter(self, record: logging.LogRecord) -> bool:
        left_out = self._repeats.count(f"{record.name} {record.msg}"[:200])
        if left_out is None:
            return False
        if record.name.startswith("opentelemetry") and record.levelno > logging.WARNING:  # spans are lost, nothing else
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        lines = record.getMessage().strip().splitlines() or [""]
        # a start that failed is told by its traceback, at a time when there is no data yet
        record.msg = lines[-1] if lines[0].startswith("Traceback") else lines[0]
        record.args = None
        if left_out:
            record.msg += f" (and {left_out} times before)"
        return True


def _named(service: str) -> Processor:
    def name(_: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:
        event_dict["service"] = service
        return event_dict

    return name


_stamped = structlog.processors.TimeStamper(fmt="iso", utc=True)


def _spans(_: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:
    """Name the current span where one is recorded."""
    span = trace.get_current_span()
    if span.is_recording():
        context = span.get_span_context()
        event_dict["trace_id"] = f"{context.trace_id:032x}"
        event_dict["span_id"] = f"{context.span_id:016x}"
    return event_dict


def _ordered(_: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:
    """The fields that every line has come first, for whoever reads it raw."""
    return {**{name: event_dict[name] for name in _FIRST if name in event_dict}, **event_dict}


def _readable(_: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:
    """For a person at a terminal, who knows which service this is."""
    event_dict.pop("service", None)
    if exception := event_dict.get("exception"):
        event_dict["exception"] = "\n".join("\n  at ".join((cause["error"], *cause["at"])) for cause in exception)
    return event_dict


_JSON: Sequence[Processor] = (_ordered, structlog.processors.JSONRenderer())
_CONSOLE: Sequence[Processor] = (_readable, structlog.dev.ConsoleRenderer())
