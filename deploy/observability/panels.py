"""What Grafana's dashboard shows: panels in rows, each with its PromQL."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """A panel: `lines` are pairs of legend and PromQL; `unit` is a unit of Grafana."""

    title: str
    unit: str
    lines: tuple[tuple[str, str], ...]
    kind: str = "timeseries"


def _quantile(quantile: float, metric: str, by: str, where: str = "") -> str:
    return f"histogram_quantile({quantile}, sum by (le, {by}) (rate({metric}_bucket{where}[$__rate_interval])))"


def _rate(metric: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{where}[$__rate_interval]))"


def _mean(metric: str, by: str) -> str:
    return f"{_rate(f'{metric}_sum', by)} / {_rate(f'{metric}_count', by)}"


_REQUESTS, _COMMANDS = "twinpath_http_request_duration_seconds", "twinpath_command_duration_seconds"
_WAITS, _DOCUMENTS = "twinpath_causal_wait_duration_seconds", "twinpath_query_documents_total"
_DELAY = "twinpath_projector_delay_seconds"
_TRANSACTIONS = "twinpath_projector_transaction_duration_seconds"
_FROM_REDIS = '{source="redis"}'
_MONGODB_READS = "twinpath_query_mongodb_read_duration_seconds"

ROWS: dict[str, tuple[Panel, ...]] = {
    "At a glance": (
        Panel(
            "Replicas that answer", "none", (("{{job}}", 'sum by (job) (up{job=~"command|projector|query"})'),), "stat"
        ),
        Panel("Relay leaders (1 is right)", "none", (("leaders", "sum(twinpath_relay_leads)"),), "stat"),
        Panel(
            "Longest lag",
            "s",
            (
                ("relay", "max(twinpath_relay_lag_seconds)"),
                ("views", "max(twinpath_projection_lag_seconds)"),
                ("processes", "max(twinpath_process_lag_seconds)"),
            ),
            "stat",
        ),
        Panel("Requests", "reqps", (("{{job}}", _rate(f"{_REQUESTS}_count", "job")),)),
        Panel("Share answered with 5xx", "percentunit", (("{{job}}", "job:twinpath_http_errors:ratio_rate5m"),)),
        Panel(
            "Time until an answer begins",
            "s",
            (("{{job}} p50", _quantile(0.5, _REQUESTS, "job")), ("{{job}} p99", _quantile(0.99, _REQUESTS, "job"))),
        ),
    ),
    "Commands": (
        Panel("Commands by type", "ops", (("{{command}}", _rate(f"{_COMMANDS}_count", "command")),)),
        Panel("Commands by outcome", "ops", (("{{outcome}}", _rate(f"{_COMMANDS}_count", "outcome")),)),
        Panel("Refusals by code", "ops", (("{{code}}", _rate("twinpath_command_refusals_total", "code")),)),
        Panel("Time of a command, p99", "s", (("{{command}}", _quantile(0.99, _COMMANDS, "command")),)),
        Panel("Commits in one insert", "none", (("{{instance}}", _mean("twinpath_append_batch_commits", "instance")),)),
        Panel(
            "Time of an insert, p99",
            "s",
            (("{{instance}}", _quantile(0.99, "twinpath_append_duration_seconds", "instance")),),
        ),
        Panel(
            "Commands in flight, and their limit",
            "none",
            (("{{instance}}", "twinpath_commands_in_hand"), ("limit {{instance}}", "twinpath_commands_limit")),
        ),
        Panel(
            "Refused as overloaded",
            "reqps",
            (("{{instance}}", _rate("twinpath_commands_overloaded_total", "instance")),),
        ),
        Panel("Races lost to other writers", "ops", (("{{over}}", _rate("twinpath_append_conflicts_total", "over")),)),
    ),
    "Relay and processes": (
        Panel("Leader of the relay", "none", (("{{instance}}", "twinpath_relay_leads"),)),
        Panel("Events not published", "none", (("{{log}}", "max by (log) (twinpath_relay_lag_events)"),)),
        Panel("Published events", "ops", (("{{log}}", _rate("twinpath_relay_events_total", "log")),)),
        Panel(
            "Time to publish a batch, p99",
            "s",
            (("all", _quantile(0.99, "twinpath_relay_publish_duration_seconds", "job")),),
        ),
        Panel(
            "Processes: age of the oldest event not handled",
            "s",
            (("{{process}} {{log}}", "max by (process, log) (twinpath_process_lag_seconds)"),),
        ),
        Panel(
            "Processes: events not handled",
            "none",
            (("{{process}}", "sum by (process) (max by (process, log) (twinpath_process_lag_events))"),),
        ),
        Panel("Logs in which a process is blocked", "none", (("{{process}} {{log}}", "twinpath_process_held_up"),)),
        Panel(
            "Parked by processes",
            "none",
            (
                ("{{process}}: streams", "max by (process) (twinpath_process_parked_streams)"),
                ("{{process}}: timers", "max by (process) (twinpath_process_parked_timers)"),
            ),
        ),
    ),
    "Projections": (
        Panel(
            "Age of the oldest event not applied",
            "s",
            (("{{projection}}", "max by (projection) (twinpath_projection_lag_seconds)"),),
        ),
        Panel(
            "Events not applied",
            "none",
            (("{{projection}}", "sum by (projection) (max by (projection, log) (twinpath_projection_lag_events))"),),
        ),
        Panel("Events applied", "ops", (("{{projection}}", _rate("twinpath_projection_events_total", "projection")),)),
        Panel("Events in one transaction", "none", (("{{group}}", _mean("twinpath_projector_batch_events", "group")),)),
        Panel(
            "Events in one batch of a projection",
            "none",
            (
                (
                    "{{projection}}",
                    _rate("twinpath_projection_events_total", "projection")
                    + " / "
                    + _rate("twinpath_projection_batches_total", "projection"),
                ),
            ),
        ),
        Panel("From a command to its views, p95", "s", (("{{group}}", _quantile(0.95, _DELAY, "group")),)),
        Panel(
            "Unreadable messages", "ops", (("{{group}}", _rate("twinpath_feed_unreadable_messages_total", "group")),)
        ),
        Panel(
            "Time of a transaction, p99",
            "s",
            (("{{group}} {{outcome}}", _quantile(0.99, _TRANSACTIONS, "group, outcome")),),
        ),
        Panel(
            "Parked streams",
            "none",
            (
                (
                    "{{projection}}",
                    "sum by (projection) (max by (projection, log) (twinpath_projection_parked_streams))",
                ),
            ),
        ),
        Panel("Logs by state", "none", (("{{group}} {{state}}", "max by (group, state) (twinpath_projector_logs)"),)),
        Panel(
            "Logs with a live consumer",
            "none",
            (("{{group}}", "sum by (group) (max by (group, log) (twinpath_feed_consumer_registered))"),),
        ),
        Panel(
            "Queues that deliver nothing, and what was done",
            "none",
            (
                ("{{group}} stuck", "sum by (group) (min by (group, log) (twinpath_feed_queue_stuck))"),
                (
                    "{{group}} {{remedy}}",
                    "sum by (group, remedy) (increase(twinpath_feed_queue_remedies_total[$__rate_interval]))",
                ),
            ),
        ),
        Panel("The copy in Redis is kept", "none", (("{{instance}}", "twinpath_copy_kept"),)),
    ),
    "Queries": (
        Panel("Requests by route", "reqps", (("{{route}}", _rate(f"{_REQUESTS}_count", "route", '{job="query"}')),)),
        Panel(
            "Time until an answer begins, p99",
            "s",
            (("{{route}}", _quantile(0.99, _REQUESTS, "route", '{job="query"}')),),
        ),
        Panel("Documents by id, by source", "ops", (("{{source}}", _rate(_DOCUMENTS, "source")),)),
        Panel(
            "Hit rate of the copy in Redis",
            "percentunit",
            (("{{view}}", _rate(_DOCUMENTS, "view", _FROM_REDIS) + " / " + _rate(_DOCUMENTS, "view")),),
        ),
        Panel("Copies that are bypassed", "none", (("{{view}}", "max by (view) (twinpath_copy_bypassed)"),)),
        Panel(
            "Time of a read from MongoDB, p99",
            "s",
            (("{{view}} {{read}}", _quantile(0.99, _MONGODB_READS, "view, read")),),
        ),
        Panel("Waits for a causal token", "ops", (("{{outcome}}", _rate(f"{_WAITS}_count", "outcome")),)),
        Panel("Time of a wait, p95", "s", (("{{view}}", _quantile(0.95, _WAITS, "view")),)),
        Panel("Open waits", "none", (("{{instance}}", "twinpath_causal_waits_open"),)),
        Panel("Subscribers of live updates", "none", (("{{view}}", "sum by (view) (twinpath_live_subscribers)"),)),
    ),
    "Processes of the machine": (
        Panel("CPU", "percentunit", (("{{job}} {{instance}}", "rate(process_cpu_seconds_total[$__rate_interval])"),)),
        Panel("Memory", "bytes", (("{{job}} {{instance}}", "process_resident_memory_bytes"),)),
        Panel("Open files", "none", (("{{job}} {{instance}}", "process_open_fds"),)),
        Panel(
            "Lateness of the event loop, p99",
            "s",
            (("{{job}} {{instance}}", _quantile(0.99, "twinpath_event_loop_lag_seconds", "job, instance")),),
        ),
    ),
}
