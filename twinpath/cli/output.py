"""What commands write: lines for people or JSON on standard output; logs, progress and errors on standard error."""

import sys
from typing import Annotated, Any, TextIO, cast

import orjson
import typer
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="write JSON and nothing else, an object a line")]

MOST = 2**63 - 1
"""The largest number that a command takes: servers keep numbers in 64 bits."""

errors = Console(stderr=True, highlight=False)


class _Stderr:
    """Standard error as it is when it is written to: within a progress bar that is what writes above the bar."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


STDERR = cast(TextIO, _Stderr())


class Output:
    """Writes to standard output, either lines for people or JSON."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def json(self, content: object) -> None:
        """Write one JSON object, whoever reads it."""
        print(orjson.dumps(content, option=orjson.OPT_UTC_Z).decode(), flush=True)

    def tell(self, text: str, **facts: Any) -> None:
        """Write a line for people, or the facts in it as JSON."""
        if self.as_json:
            self.json(facts)
        else:
            print(text, flush=True)

    def note(self, text: str) -> None:
        """Write a line for people alone, which a program can do without."""
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def table(self, table: Table) -> None:
        """Write a table with whole names as they are, however narrow the terminal is."""
        console = Console(markup=False, emoji=False, highlight=False)
        wanted = console.measure(table, options=console.options.update(width=10_000)).maximum
        console.width = max(console.width, wanted)
        console.print(table)
