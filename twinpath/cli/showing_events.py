"""How an event is shown: a line with colours on a terminal, a plain line elsewhere, or one JSON object a line."""

from datetime import UTC, datetime

import orjson
from rich.console import Console
from rich.text import Text

from twinpath.cli.output import Output
from twinpath.domain.events import SEALED, RecordedEvent


class Shown(Output):
    """Writes events to stdout as they come. What is still sealed is named by its owner; JSON has it as it is stored."""

    def __init__(self, as_json: bool) -> None:
        super().__init__(as_json)
        self._console = Console(highlight=False)

    def event(self, event: RecordedEvent) -> None:
        """Write one event."""
        if self.as_json:
            self.json(event)
        elif self._console.is_terminal:
            at, place, who, what, rest = _parts(event)
            line = Text.assemble((at, "dim"), " ", (place, "cyan"), " ", who, " ", (what, "bold"), " ", (rest, "dim"))
            self._console.print(line, no_wrap=True, overflow="ellipsis")
        else:
            print(" ".join(_parts(event)), flush=True)


def _parts(event: RecordedEvent) -> tuple[str, str, str, str, str]:
    """When, where in the log, where in its stream, what, and by whom with which data."""
    data = dict(event.data)
    if SEALED in data:
        data[SEALED] = data[SEALED]["of"]
    return (
        time_text(event.at),
        f"{event.log}:{event.position}",
        event.id,
        event.type,
        f"{event.actor} {orjson.dumps(data).decode()}",
    )


def time_text(time: datetime) -> str:
    """RFC 3339 in UTC, with milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
