"""What Grafana's dashboard shows: panels in rows, each with its PromQL."""

from dataclasses import dataclass

REPLICAS = 'job=~"$job",instance=~"$instance"'
"""Of our own metrics those of the replicas that are chosen above the dashboard."""


@dataclass(frozen=True)
class Panel:
    """A panel: `lines` are pairs of legend and PromQL; `unit` is a unit of Grafana."""

    title: str
    unit: str
    lines: tuple[tuple[str, str], ...]
    kind: str = "timeseries"


def _of(metric: str, where: str = "") -> str:
    return f"{metric}{{{','.join(filter(None, (REPLICAS, where)))}}}"


def _legend(by: str) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in by.split(", "))


def _quantile(quantile: float, metric: str, by: str, where: str = "") -> str:
    return (
        f"histogram_quantile({quantile}, sum by (le, {by}) (rate({_of(f'{metric}_bucket', where)}[$__rate_interval])))"
    )


def _rate(metric: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) (rate({_of(metric, where)}[$__rate_interval]))"


def _mean(metric: str, by: str) -> str:
    return f"{_rate(f'{metric}_sum', by)} / {_rate(f'{metric}_count', by)}"


def _line(title: str, unit: str, by: str, expression: str) -> Panel:
    return Panel(title, unit, ((_legend(by), expression),))


def _states(title: str, unit: str, metric: str, by: str = "instance") -> Panel:
    return _line(title, unit, by, _of(metric))


def _rates(title: str, metric: str, by: str, unit: str = "ops") -> Panel:
    return _line(title, unit, by, _rate(metric, by))


def _p99(title: str, metric: str, by: str, where: str = "") -> Panel:
    return _line(title, "s", by, _quantile(0.99, metric, by, where))


def _p95(title: str, metric: str, by: str) -> Panel:
    return _line(title, "s", by, _quantile(0.95, metric, by))


def _most(title: str, unit: str, metric: str, by: str) -> Panel:
    return _line(title, unit, by, f"max by ({by}) ({_of(metric)})")


def _sums(title: str, metric: str, by: str) -> Panel:
    """Of all logs, each as the replica has it that knows most."""
    return _line(title, "none", by, f"sum by ({by}) (max by ({by}, log) ({_of(metric)}))")


def _server_rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


_QUEUES = "rabbitmq_detailed_queue_messages"
_REQUESTS, _COMMANDS = "twinpath_http_request_duration_seconds", "twinpath_command_duration_seconds"
_WAITS, _DOCUMENTS = "twinpath_causal_wait_duration_seconds", "twinpath_query_documents_total"
_APPLIED = "twinpath_projection_events_total"
_FROM_REDIS = 'source="redis"'
_QUERY = 'job="query"'

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
        Panel("Dead letters (0 is right)", "none", (("letters", "max(twinpath_dead_letters)"),), "stat"),
        _rates("Requests", f"{_REQUESTS}_count", "job", "reqps"),
        Panel(
            "Share answered with 5xx",
            "percentunit",
            (("{{job}}", 'job:twinpath_http_errors:ratio_rate5m{job=~"$job"}'),),
        ),
        Panel(
            "Time until an answer begins",
            "s",
            (("{{job}} p50", _quantile(0.5, _REQUESTS, "job")), ("{{job}} p99", _quantile(0.99, _REQUESTS, "job"))),
        ),
    ),
    "Commands": (
        _rates("Commands by type", f"{_COMMANDS}_count", "command"),
        _rates("Commands by outcome", f"{_COMMANDS}_count", "outcome"),
        _rates("Refusals by code", "twinpath_command_refusals_total", "code"),
        _p99("Time of a command, p99", _COMMANDS, "command"),
        _line("Commits in one insert", "none", "instance", _mean("twinpath_append_batch_commits", "instance")),
        _p99("Time of an insert, p99", "twinpath_append_duration_seconds", "instance"),
        Panel(
            "Commands in flight, and their limit",
            "none",
            (
                ("{{instance}}", _of("twinpath_commands_in_hand")),
                ("limit {{instance}}", _of("twinpath_commands_limit")),
            ),
        ),
        _rates("Refused as overloaded", "twinpath_commands_overloaded_total", "instance", "reqps"),
        _rates("Races lost to other writers", "twinpath_append_conflicts_total", "over"),
    ),
    "Relay and processes": (
        _states("Leader of the relay", "none", "twinpath_relay_leads"),
        _most("Events not published", "none", "twinpath_relay_lag_events", "log"),
        _rates("Published events", "twinpath_relay_events_total", "log"),
        _p99("Time to publish a batch, p99", "twinpath_relay_publish_duration_seconds", "job"),
        _most("Processes: age of the oldest event not handled", "s", "twinpath_process_lag_seconds", "process, log"),
        _sums("Processes: events not handled", "twinpath_process_lag_events", "process"),
        _states("Logs in which a process is blocked", "none", "twinpath_process_held_up", "process, log"),
        Panel(
            "Parked by processes",
            "none",
            (
                ("{{process}}: streams", f"max by (process) ({_of('twinpath_process_parked_streams')})"),
                ("{{process}}: timers", f"max by (process) ({_of('twinpath_process_parked_timers')})"),
            ),
        ),
    ),
    "Projections": (
        _most("Age of the oldest event not applied", "s", "twinpath_projection_lag_seconds", "projection"),
        _sums("Events not applied", "twinpath_projection_lag_events", "projection"),
        _rates("Events applied", _APPLIED, "projection"),
        _line("Events in one transaction", "none", "group", _mean("twinpath_projector_batch_events", "group")),
        _line(
            "Events in one batch of a projection",
            "none",
            "projection",
            f"{_rate(_APPLIED, 'projection')} / {_rate('twinpath_projection_batches_total', 'projection')}",
        ),
        _p95("From a command to its views, p95", "twinpath_projector_delay_seconds", "group"),
        _rates("Unreadable messages", "twinpath_feed_unreadable_messages_total", "group"),
        _p99("Time of a transaction, p99", "twinpath_projector_transaction_duration_seconds", "group, outcome"),
        _sums("Parked streams", "twinpath_projection_parked_streams", "projection"),
        _most("Logs by state", "none", "twinpath_projector_logs", "group, state"),
        _sums("Logs with a live consumer", "twinpath_feed_consumer_registered", "group"),
        Panel(
            "Queues that deliver nothing, and what was done",
            "none",
            (
                ("{{group}} stuck", f"sum by (group) (min by (group, log) ({_of('twinpath_feed_queue_stuck')}))"),
                ("{{group}} {{remedy}}", _rate("twinpath_feed_queue_remedies_total", "group, remedy")),
            ),
        ),
        _states("The copy in Redis is kept", "none", "twinpath_copy_kept"),
        _states("The search index is kept", "none", "twinpath_search_kept"),
        _sums("Events not in the search index", "twinpath_search_lag_events", "view"),
        _most("Age of the oldest event not in the facts", "s", "twinpath_facts_lag_seconds", "table"),
        _sums("Events not in the facts", "twinpath_facts_lag_events", "table"),
        _rates("Rows put into the facts", "twinpath_facts_rows_total", "table"),
    ),
    "Queries": (
        _line("Requests by route", "reqps", "route", _rate(f"{_REQUESTS}_count", "route", _QUERY)),
        _p99("Time until an answer begins, p99", _REQUESTS, "route", _QUERY),
        _rates("Documents by id, by source", _DOCUMENTS, "source"),
        _line(
            "Hit rate of the copy in Redis",
            "percentunit",
            "view",
            f"{_rate(_DOCUMENTS, 'view', _FROM_REDIS)} / {_rate(_DOCUMENTS, 'view')}",
        ),
        _most("Copies that are bypassed", "none", "twinpath_copy_bypassed", "view"),
        _p99("Time of a read from MongoDB, p99", "twinpath_query_mongodb_read_duration_seconds", "view, read"),
        _rates("Waits for a causal token", f"{_WAITS}_count", "outcome"),
        _p95("Time of a wait, p95", _WAITS, "view"),
        _states("Open waits", "none", "twinpath_causal_waits_open"),
        _line("Subscribers of live updates", "none", "view", f"sum by (view) ({_of('twinpath_live_subscribers')})"),
    ),
    "RabbitMQ": (
        _line("Messages that wait", "none", "queue", f"sum by (queue) ({_QUEUES}_ready)"),
        _line("Messages not acknowledged", "none", "queue", f"sum by (queue) ({_QUEUES}_unacked)"),
        _line("Dead letters", "none", "instance", "max by (instance) (twinpath_dead_letters)"),
        _line("Connections", "none", "instance", "rabbitmq_connections"),
        _line("Memory of a node", "bytes", "instance", "rabbitmq_process_resident_memory_bytes"),
        _line("Free disk of a node", "bytes", "instance", "rabbitmq_disk_space_available_bytes"),
    ),
    "MongoDB": (
        _line("Operations", "ops", "legacy_op_type", _server_rate("mongodb_ss_opcounters", "legacy_op_type")),
        _line(
            "Time of an operation, mean",
            "µs",
            "op_type",
            f"{_server_rate('mongodb_ss_opLatencies_latency', 'op_type')}"
            f" / {_server_rate('mongodb_ss_opLatencies_ops', 'op_type')}",
        ),
        _line("Open connections", "none", "instance", 'mongodb_ss_connections{conn_type="current"}'),
        _line("Cache in use", "bytes", "instance", "mongodb_ss_wt_cache_bytes_currently_in_the_cache"),
        _line("Dirty bytes in the cache", "bytes", "instance", "mongodb_ss_wt_cache_tracked_dirty_bytes_in_the_cache"),
    ),
    "Processes of the machine": (
        _line("CPU", "percentunit", "job, instance", f"rate({_of('process_cpu_seconds_total')}[$__rate_interval])"),
        _states("Memory", "bytes", "process_resident_memory_bytes", "job, instance"),
        _states("Open files", "none", "process_open_fds", "job, instance"),
        _p99("Lateness of the event loop, p99", "twinpath_event_loop_lag_seconds", "job, instance"),
    ),
}
