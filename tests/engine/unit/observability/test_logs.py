"""Logs: one form for our lines and those of libraries, bounded, and nothing in them that an owner wrote."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from opentelemetry import trace
from pydantic import ValidationError
from pymongo.errors import BulkWriteError, ServerSelectionTimeoutError
from structlog.contextvars import bound_contextvars

from tests.support.spans import Spans
from twinpath.errors import Unavailable
from twinpath.observability.logged_exceptions import message_of
from twinpath.observability.logs import LINES_A_MINUTE, Repeats, configure_logs
from twinpath.queries.settings import Settings

REFUSED = {"writeErrors": [{"code": 121, "errmsg": "marked", "op": {"name": "marked"}}]}


class Lines:
    """What was logged."""

    def __init__(self) -> None:
        self.out = io.StringIO()

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    @property
    def one(self) -> dict[str, Any]:
        (line,) = self.all
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    root, lines = logging.getLogger(), Lines()
    before, level, configured = list(root.handlers), root.level, structlog.get_config()
    configure_logs("query", to=lines.out)
    yield lines
    structlog.configure(**configured)
    logging.captureWarnings(False)
    logging.basicConfig(level=level, handlers=before, force=True)


def test_a_line_has_time_level_service_and_what_is_bound(lines: Lines) -> None:
    with bound_contextvars(correlation_id="c-1", stream="repair-1", position=7):
        structlog.get_logger("x").warning("cache_away", view="repairs")

    line = lines.one
    assert list(line)[:4] == ["timestamp", "level", "service", "event"]
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "warning",
        "service": "query",
        "event": "cache_away",
        "view": "repairs",
        "correlation_id": "c-1",
        "stream": "repair-1",
        "position": 7,
    }


def test_a_line_within_a_recorded_span_names_it(lines: Lines) -> None:
    spans = Spans()
    span = spans.tracing.begin("GET", None, {})
    assert span is not None
    with trace.use_span(span):
        structlog.get_logger("x").info("here")

    its = span.get_span_context()
    assert (lines.one["trace_id"], lines.one["span_id"]) == (f"{its.trace_id:032x}", f"{its.span_id:016x}")


def test_an_exception_is_told_by_kind_and_place_alone(lines: Lines) -> None:
    try:
        try:
            int("marked")
        except ValueError as error:
            raise KeyError("marked") from error
    except KeyError as error:
        structlog.get_logger("x").error("internal_error", exc_info=error)

    told = lines.one["exception"]
    assert [one["error"] for one in told] == ["KeyError", "ValueError"]
    assert told[0]["at"][0].startswith("tests/engine/unit/observability/test_logs.py:")
    assert "marked" not in lines.out.getvalue()


def test_the_errors_of_a_group_are_told(lines: Lines) -> None:
    structlog.get_logger("x").error(
        "e", exc_info=ExceptionGroup("marked", [OSError(111, "refused"), KeyError("marked")])
    )

    assert [one["error"] for one in lines.one["exception"]] == [
        "ExceptionGroup",
        "ConnectionRefusedError: [Errno 111] refused",
        "KeyError",
    ]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unavailable("the event log does not answer"), "Unavailable: the event log does not answer"),
        (BulkWriteError(REFUSED), "BulkWriteError 65"),
        (
            ServerSelectionTimeoutError("h:1: refused (configured timeouts: 1ms), Timeout: 2s, Topology: …"),
            "ServerSelectionTimeoutError: h:1: refused",
        ),
        (TimeoutError(), "TimeoutError"),
        (ValueError("marked"), "ValueError"),
    ],
)
def test_a_message_is_told_where_it_can_not_quote_data(error: Exception, told: str) -> None:
    assert message_of(error) == told


def test_a_librarys_record_has_the_same_form_and_only_its_first_line(lines: Lines) -> None:
    logger = logging.getLogger("asyncio")
    logger.info("not at all")
    logger.error("Task exception was never retrieved\nfuture: %r", "marked", exc_info=ValueError("marked"))

    line = lines.one
    line.pop("timestamp")
    assert line == {
        "level": "error",
        "service": "query",
        "event": "Task exception was never retrieved",
        "logger": "asyncio",
        "exception": [{"error": "ValueError", "at": []}],
    }


def test_a_start_that_fails_says_why(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").error("Traceback (most recent call last):\n  File x\nLayoutMismatch: set 4\n")

    assert lines.one["event"] == "LayoutMismatch: set 4"


def test_spans_that_can_not_be_sent_are_no_error(lines: Lines) -> None:
    logging.getLogger("opentelemetry.exporter").error("Failed to export spans batch")

    assert lines.one["level"] == "warning"


def test_a_library_that_repeats_itself_is_bounded(lines: Lines) -> None:
    for number in range(3 * LINES_A_MINUTE):
        logging.getLogger("lib").warning("try %d", number)

    assert len(lines.all) == LINES_A_MINUTE


def test_an_event_that_repeats_itself_is_cut_and_what_was_left_out_is_said() -> None:
    now = 0.0
    repeats = Repeats(lambda: now)

    def said(event: str, method: str = "warning") -> int | None:
        try:
            return int(repeats(None, method, {"event": event}).get("left_out", 0))
        except structlog.DropEvent:
            return None

    assert [said("a") for _ in range(LINES_A_MINUTE + 2)] == [0] * LINES_A_MINUTE + [None, None]
    assert said("b") == 0
    assert said("a", "debug") == 0
    now = 61.0
    assert [said("a"), said("a")] == [2, 0]


def test_a_level_can_be_chosen_and_a_wrong_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINPATH_LOG_LEVEL", "debug")
    monkeypatch.setenv("TWINPATH_LOG_FORMAT", "console")
    assert (Settings().log_level, Settings().log_format) == ("debug", "console")
    monkeypatch.setenv("TWINPATH_LOG_LEVEL", "loud")
    with pytest.raises(ValidationError, match="log_level"):
        Settings()


def test_on_a_terminal_lines_are_readable(lines: Lines) -> None:
    configure_logs("query", form="console", to=lines.out)
    structlog.get_logger("x").error("cache_away", view="repairs", exc_info=KeyError("marked"))

    shown = lines.out.getvalue()
    assert "cache_away" in shown
    assert "KeyError" in shown
    assert "marked" not in shown


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_no_work_fails_because_its_line_can_not_be_written(lines: Lines) -> None:
    configure_logs("query", to=FullDisk())
    structlog.get_logger("full").info("something_happened")
    logging.getLogger("a.library").warning("something happened")
