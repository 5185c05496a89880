"""From rows to commands: what each row asks for, under keys that are the same whenever the file is taken again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import orjson

from twinpath.domain.importer import Importer, Item, RowRefused, Wanted
from twinpath.errors import MalformedRequest
from twinpath.importing.rows import Row


@dataclass(frozen=True)
class Refusal:
    """Why a row, or a command of it, was not taken: its line, of which kind that is, and in words."""

    line: int
    kind: str
    detail: str


@dataclass(frozen=True)
class Asked:
    """A command of a row; `key` is that of the importer, the line and the command, and so the same in every run."""

    line: int
    wanted: Wanted
    key: str

    @classmethod
    def by(cls, importer: Importer, line: int, wanted: Wanted) -> "Asked":
        """The command with its key."""
        content = orjson.dumps([importer.name, line, wanted.command.type, wanted.id, wanted.body])
        return cls(line, wanted, f"import-{sha256(content).hexdigest()[:40]}")

    def as_line(self) -> bytes:
        """As `POST /commands` takes it."""
        named = {"command": self.wanted.command.type, "idempotency_key": self.key, "body": self.wanted.body}
        return orjson.dumps(named if self.wanted.id is None else named | {"id": self.wanted.id}) + b"\n"


def asked(importer: Importer, items: Iterable[tuple[Row, Item]], at: datetime) -> Iterator[Asked | Refusal | None]:
    """The commands of each row, a refusal for a row without sense, None for one that is no item of its own."""
    for row, item in items:
        if row.defect is not None:
            yield Refusal(row.line, "unreadable_row", row.defect + _further(row))
            continue
        try:
            commands = importer.commands(item, at)
        except RowRefused as refused:
            yield Refusal(row.line, refused.kind, refused.detail + _further(row))
            continue
        yield from (Asked.by(importer, row.line, wanted) for wanted in commands)
        if not commands:
            yield None


def _further(row: Row) -> str:
    """Of a row that can't be taken: the lines that go with it, which a quotation mark without an end swallows."""
    return f"; it goes on to line {row.last}: perhaps a quotation mark has no end" if row.last > row.line else ""


def in_batches(outcomes: Iterable[Asked | Refusal | None], size: int) -> Iterator[list[Asked | Refusal | None]]:
    """So many of them at a time; where the file can't be read on, first what came before. Raises MalformedRequest."""
    batch: list[Asked | Refusal | None] = []
    try:
        for outcome in outcomes:
            batch.append(outcome)
            if len(batch) == size:
                yield batch
                batch = []
    except MalformedRequest:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
