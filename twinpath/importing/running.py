"""One run of an import: batch by batch, so that no more than a batch is ever in memory."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from twinpath.domain.importer import Importer, Item
from twinpath.importing.batches import Asked, Refusal, asked, in_batches
from twinpath.importing.report import Report
from twinpath.importing.rows import Row

BATCH = 200
"""Commands a request: few enough that neither side waits for the other while the answer begins before the body ends."""


class Carrier(Protocol):
    """Carries commands out, or says what would become of them."""

    def carry_out(self, commands: Sequence[Asked]) -> list[Refusal | None]:
        """Why each of the commands was not taken, None for one that was. Raises Unavailable."""
        ...


def run(
    importer: Importer,
    items: Iterable[tuple[Row, Item]],
    at: datetime,
    carrier: Carrier,
    report: Report,
    on_refusal: Callable[[Refusal], None],
    on_batch: Callable[[], None],
) -> None:
    """Carry out what the rows ask for, and count it in the report.

    Raises Unavailable, and MalformedRequest where the file can't be read on; the report then has what came before.
    """
    for batch in in_batches(asked(importer, items, at), BATCH):
        results = iter(carrier.carry_out([command for command in batch if isinstance(command, Asked)]))
        for outcome in batch:
            refusal = next(results) if isinstance(outcome, Asked) else outcome
            if refusal is not None:
                report.refused(refusal)
                on_refusal(refusal)
            elif outcome is None:
                report.skipped += 1
            else:
                report.taken += 1
        on_batch()
