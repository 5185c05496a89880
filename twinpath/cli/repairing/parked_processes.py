"""Streams parked by processes, for `twinpath parked`: the same repairs, but the command service carries them out."""

from dataclasses import replace

from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from twinpath.cli.connection import Connection
from twinpath.commands.processes.parking import process_parking
from twinpath.commands.processes.registry import process_names
from twinpath.commands.processes.timers import ASKED_AT
from twinpath.domain.projection import Projection
from twinpath.errors import Unavailable
from twinpath.projecting.parking.repairs import Repairs
from twinpath.projecting.parking.retry_steps import RetryStep
from twinpath.views.interface import Batch, BatchWriter
from twinpath.views.parking import ParkedStream, Resume

PATIENCE_SECONDS = 60.0


class _AsProjection(Projection):
    """A process, as repairs name it; whether it takes an event only the command service can find out."""

    views = ()

    def __init__(self, name: str) -> None:
        self.name = name


class AskedSteps:
    """Has the command service take the steps of a retry."""

    async def step(self, parked: ParkedStream, limit: int, projection: Projection, writer: BatchWriter) -> RetryStep:
        """Ask for a stream to be tried, and wait for what comes of it.

        Raises:
            ParkedMoved: the stream is not as it was parked.
            Unavailable: MongoDB is away, or no command service took it up.
        """
        await writer.commit(Batch(parking=[Resume(parked, replace(parked, tried_at=ASKED_AT))]))
        looking = AsyncRetrying(
            retry=retry_if_result(lambda now: now is not None and now.tried_at == ASKED_AT),
            wait=wait_fixed(0.2),
            stop=stop_after_delay(PATIENCE_SECONDS),
            retry_error_callback=lambda state: parked,
        )
        after: ParkedStream | None = await looking(writer.parked.get, parked.projection, parked.stream)
        if after is parked:
            raise Unavailable(f"no command service has tried {parked.stream} yet; it will when it runs")
        return RetryStep(parked, after, (after.version if after else parked.last + 1) - parked.version)


def repairs_of_processes(connection: Connection) -> Repairs:
    """Repairs of what the processes of the application have parked."""
    writer = process_parking(connection.client, connection.settings.log_database)
    followers = {name: (_AsProjection(name), writer) for name in process_names(connection.application)}
    return Repairs(followers, writer, connection.log, connection.seals, connection.events, steps=AskedSteps())
