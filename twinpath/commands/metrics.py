"""The command service's metrics: what comes of commands, how appending goes, what the relay and the processes do."""

import asyncio
from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Literal

from twinpath.around import around
from twinpath.commands.admission import Admission
from twinpath.commands.bus import CommandBus
from twinpath.commands.processes.registry import Processes
from twinpath.commands.processes.running import RunningProcess
from twinpath.commands.relaying.relay import Relay
from twinpath.domain.aggregate import Command
from twinpath.domain.events import RecordedEvent
from twinpath.errors import ConcurrencyConflict, TwinpathError, Unavailable
from twinpath.feed.interface import EventPublisher
from twinpath.log.interface import Appended, AppendObserver, EventLog
from twinpath.observability.lags import LagGauges
from twinpath.observability.metrics import SIZES, Labels, Metrics


class CommandMetrics(Metrics, AppendObserver):
    """Every metric of the command service; `follow` binds those that are told by its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = self.http_requests()
        self._add_commands_and_appends()
        self._add_relay_and_processes()

    def _add_commands_and_appends(self) -> None:
        self.commands = self.histogram(
            "twinpath_command_duration_seconds",
            "Commands, those of bulk requests and of processes too: accepted, replayed (the first answer again), "
            "rejected (not allowed as things are), unavailable (try again), failed (our fault) or cancelled",
            "command",
            "outcome",
        )
        self.refusals = self.counter(
            "twinpath_command_refusals_total",
            "Commands rejected or unavailable, by the code that the caller was answered",
            "command",
            "code",
        )
        self.batches = self.histogram(
            "twinpath_append_batch_commits", "Commits in one insert: those that waited share it", bounds=SIZES
        )
        self.inserts = self.histogram("twinpath_append_duration_seconds", "Inserts into the log, until durable")
        self.conflicts = self.counter(
            "twinpath_append_conflicts_total",
            "Races lost to another writer, over a log's next position or a stream's next version",
            "over",
        )
        self.conflicts.values = {("position",): 0, ("version",): 0}  # known before the first one is lost
        self.in_hand = self.gauge("twinpath_commands_in_hand", "Commands that have no answer yet")
        self.limit = self.gauge("twinpath_commands_limit", "So many may be in hand before more are refused")
        self.overloaded = self.counter(
            "twinpath_commands_overloaded_total", "Requests refused with 503 overloaded, before anything was done"
        )

    def _add_relay_and_processes(self) -> None:
        self.published = self.counter("twinpath_relay_events_total", "Events that the broker has confirmed", "log")
        self.publishing = self.histogram(
            "twinpath_relay_publish_duration_seconds", "Publishing a batch, until confirmed"
        )
        self.leads = self.gauge("twinpath_relay_leads", "1 while this replica leads the relay, else 0")
        self.relay_lags = LagGauges(
            self.gauge("twinpath_relay_lag_events", "Events not published yet, as the leader knows", "log"),
            self.gauge("twinpath_relay_lag_seconds", "Age of the oldest event not published yet", "log"),
        )
        self.process_lags = LagGauges(
            self.gauge("twinpath_process_lag_events", "Events that a process has not handled yet", "process", "log"),
            self.gauge(
                "twinpath_process_lag_seconds", "Age of the oldest event not handled by a process", "process", "log"
            ),
        )
        self.held_up = self.gauge(
            "twinpath_process_held_up", "1 for each log in which a process does not go on", "process", "log"
        )
        self.parked_streams = self.gauge(
            "twinpath_process_parked_streams", "Streams that wait because a process can't handle an event", "process"
        )
        self.parked_timers = self.gauge(
            "twinpath_process_parked_timers", "Timers that could not be carried out and are left alone", "process"
        )
        self.consumers = self.feed_consumers()
        self.unreadable = self.unreadable_messages()

    def follow(self, bus: CommandBus, relay: Relay, processes: Processes, log: EventLog, admission: Admission) -> None:
        """Tell of these parts from now on."""

        async def look_at_relay() -> None:
            await self.relay_lags.look(
                log, {(log_name,): at for log_name, at in relay.positions.items()} if relay.leads else {}
            )

        running = processes.running

        async def look_at_processes() -> None:
            positions = await asyncio.gather(*(process.positions() for process in running))
            await self.process_lags.look(log, _by_log(zip(running, positions, strict=True)))

        self.in_hand.read = lambda: {(): float(admission.in_hand)}
        self.limit.read = lambda: {(): float(int(admission.limit))}
        self.overloaded.read = lambda: {(): float(admission.refused)}
        bus.on_handled = self.handled
        self.leads.read = lambda: {(): float(relay.leads)}
        self.held_up.read = lambda: _by_log((process, dict.fromkeys(process.troubles, 1)) for process in running)
        self.parked_streams.read = lambda: {(process.name,): float(process.parked_streams) for process in running}
        self.parked_timers.read = lambda: {(process.name,): float(process.parked_timers) for process in running}
        self.consumers.read = lambda: _by_log((process, process.consumers()) for process in running)
        self.unreadable.read = lambda: {(process.name,): process.unreadable for process in running}
        self.before_scrape(look_at_relay, self.relay_lags.events, self.relay_lags.seconds)
        self.before_scrape(look_at_processes, self.process_lags.events, self.process_lags.seconds)

    def inserted(self, commits: int, seconds: float) -> None:
        self.batches.observe((), commits)
        self.inserts.observe((), seconds)

    def lost_race(self, over: Literal["position", "version", "claim"]) -> None:
        self.conflicts.count((over,))

    def handled(self, command: Command, came: Appended | BaseException, seconds: float) -> None:
        """See CommandBus.on_handled."""
        self.commands.observe((command.type, _outcome_of(came)), seconds)
        if isinstance(came, TwinpathError):
            self.refusals.count((command.type, came.code))


def _by_log(numbers: Iterable[tuple[RunningProcess, Mapping[str, int]]]) -> dict[Labels, int]:
    """By process and log."""
    return {(process.name, log): number for process, logs in numbers for log, number in logs.items()}


def _outcome_of(came: Appended | BaseException) -> str:
    if isinstance(came, Appended):
        return "replayed" if came.duplicate else "accepted"
    if isinstance(came, ConcurrencyConflict | Unavailable):
        return "unavailable"
    if isinstance(came, TwinpathError):
        return "rejected"
    return "failed" if isinstance(came, Exception) else "cancelled"


def measured(publisher: EventPublisher, metrics: CommandMetrics) -> EventPublisher:
    """An EventPublisher that notes what the broker confirms."""

    async def publish(log: str, events: list[RecordedEvent]) -> None:
        began = perf_counter()
        await publisher.publish(log, events)
        metrics.publishing.observe((), perf_counter() - began)
        metrics.published.count((log,), len(events))

    return around(publisher, publish=publish)
