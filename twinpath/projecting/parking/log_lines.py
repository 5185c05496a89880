"""Says in the log what is parked: loudly, but in few lines however much it is."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from twinpath.projecting.parking.setting_aside import SetAside
from twinpath.views.parking import ParkedStream

_LINES = 5
_SECONDS = 30.0
_MANY = 10

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Window:
    """What was said of one projection since `began`, and how much was not."""

    began: float
    lines: int = 0
    omitted: int = 0
    everything: bool = False


class ParkingLogLines:
    """Of each projection at most a few streams in half a minute by name, the others as a number."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def tell(self, asides: Iterable[SetAside]) -> None:
        """Say what a commit parked."""
        for aside in asides:
            if parked := aside.parked:
                window = self._windows.setdefault(aside.projection.name, _Window(time.monotonic()))
                if aside.taken == 0 and len(parked) >= _MANY and not window.everything:
                    window.everything = True
                    _log.error("projection_parks_everything", projection=aside.projection.name, reason=parked[0].reason)
                shown = parked[: _LINES - window.lines]
                for stream in shown:
                    _log_stream(stream)
                window.lines += len(shown)
                window.omitted += len(parked) - len(shown)

    def flush(self) -> None:
        """Say how much was not said, where it is time to."""
        now = time.monotonic()
        for name, window in list(self._windows.items()):
            if now - window.began >= _SECONDS:
                del self._windows[name]
                if window.omitted:
                    _log.error("more_streams_parked", projection=name, streams=window.omitted)


def _log_stream(parked: ParkedStream) -> None:
    _log.error(
        "stream_parked",
        projection=parked.projection,
        stream=parked.stream,
        version=parked.version,
        log=parked.log,
        position=parked.position,
        reason=parked.reason,
    )
