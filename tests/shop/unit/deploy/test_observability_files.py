"""No alert and no panel names a metric or a label that does not exist; every alert is tested and explained."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from deploy.checkout import CHECKOUT
from deploy.observability import dashboard, metrics_page
from deploy.observability.panels import REPLICAS
from deploy.observability.services import all_metrics
from tests.shop.support.promql import grouping, selectors

FOLDER = CHECKOUT / "deploy/observability"
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
OF_PROMETHEUS = {"job", "instance", "le"}


OF_SERVERS = {
    **{f"rabbitmq_detailed_queue_messages_{state}": {"queue", "vhost"} for state in ("ready", "unacked")},
    "rabbitmq_connections": set(),
    "rabbitmq_process_resident_memory_bytes": set(),
    "rabbitmq_disk_space_available_bytes": set(),
    "mongodb_ss_opcounters": {"legacy_op_type"},
    **{f"mongodb_ss_opLatencies_{what}": {"op_type"} for what in ("latency", "ops")},
    "mongodb_ss_connections": {"conn_type"},
    "mongodb_ss_wt_cache_bytes_currently_in_the_cache": set(),
    "mongodb_ss_wt_cache_tracked_dirty_bytes_in_the_cache": set(),
}
"""What the plugin rabbitmq_prometheus and Percona's mongodb_exporter tell, as far as the dashboard asks for it."""


@cache
def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = sorted({rule["alert"] for rule in rules() if "alert" in rule})


@cache
def known() -> dict[str, set[str]]:
    """Every metric with its labels: the services' own, those of prometheus-client, and what rules record."""
    found: dict[str, set[str]] = {"up": set(), **OF_SERVERS}
    for metrics in all_metrics().values():
        for family in metrics.families:
            for suffix in SUFFIXES[metrics_page.kind_of(family)]:
                found[family.name + suffix] = set(family.labels)
        for theirs in metrics.registry.collect():
            found |= {sample.name: set(sample.labels) for sample in theirs.samples if sample.name not in found}
    return found | {rule["record"]: {"job"} for rule in rules() if "record" in rule}


def expressions() -> Iterator[tuple[str, str]]:
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in json.loads(dashboard.dashboard())["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def test_every_metric_and_label_that_is_asked_for_exists() -> None:
    exist = known()
    for where, expression in expressions():
        named = list(selectors(expression))
        assert named, f"{where} asks for nothing: {expression}"
        for name, labels in named:
            assert name in exist, f"{where} asks for {name}, which no service tells"
            assert labels <= exist[name] | OF_PROMETHEUS, f"{where}: {name} has no label {labels - exist[name]}"
        somewhere = set.union(OF_PROMETHEUS, *(exist[name] for name, _ in named))
        assert grouping(expression) <= somewhere, f"{where} groups by a label that nothing there has"


def test_legends_name_labels_that_their_lines_keep() -> None:
    for panel in json.loads(dashboard.dashboard())["panels"]:
        for target in panel.get("targets", []):
            wanted = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            kept = grouping(target["expr"]) or set.union(
                OF_PROMETHEUS, *(known()[name] for name, _ in selectors(target["expr"]))
            )
            assert wanted <= kept | {"job"}, (panel["title"], target)


def test_a_choice_of_service_and_replica_holds_for_every_panel_of_theirs() -> None:
    shown = json.loads(dashboard.dashboard())
    assert [variable["name"] for variable in shown["templating"]["list"]] == ["job", "instance"]
    glances = {panel["title"] for panel in shown["panels"] if panel["type"] == "stat"}
    for panel in shown["panels"]:
        for target in panel.get("targets", []):
            if panel["title"] not in glances | {"Dead letters"}:
                ours = [name for name, _ in selectors(target["expr"]) if name.startswith(("twinpath_", "process_"))]
                assert target["expr"].count(REPLICAS) == len(ours), panel["title"]


def test_what_the_dashboard_asks_the_servers_is_scraped() -> None:
    jobs = {job["job_name"] for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]}
    assert jobs == {"command", "projector", "query", "rabbitmq", "rabbitmq-queues", "mongodb"}


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {name for _, expression in expressions() for name, _ in selectors(expression)}
    for metrics in all_metrics().values():
        for family in metrics.families:
            assert shown & {family.name + suffix for suffix in SUFFIXES[metrics_page.kind_of(family)]}, family.name


def test_the_page_and_the_dashboard_are_what_the_metrics_say() -> None:
    assert metrics_page.FILE.read_text() == metrics_page.page(), "run make pages"
    assert dashboard.FILE.read_text() == dashboard.dashboard(), "run make pages"


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_tested_to_tell_and_to_be_quiet(alert: str) -> None:
    tests = [test for name in ("alerts_test.yml", "error_budget_test.yml") for test in _tests(name)]
    expected = [case["exp_alerts"] for test in tests for case in test["alert_rule_test"] if case["alertname"] == alert]
    assert any(expected), f"nothing makes {alert} tell"
    assert not all(expected), f"nothing leaves {alert} quiet"
    severities = {rule["labels"]["severity"] for rule in rules() if rule.get("alert") == alert}
    assert severities == {told["exp_labels"]["severity"] for case in expected for told in case}


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_it_means_and_where_the_guide_says_what_to_do(alert: str) -> None:
    guide = (CHECKOUT / "docs/guides/alerts.md").read_text()
    for rule in rules():
        if rule.get("alert") == alert:
            notes = rule["annotations"]
            assert notes["runbook"] == f"docs/guides/alerts.md#{alert.lower()}"
            assert notes["summary"]
            assert notes["description"].endswith(".")
            assert rule["labels"]["severity"] in {"page", "warn"}
    assert f"### {alert}\n" in guide


def test_the_guide_explains_no_alert_that_is_gone() -> None:
    guide = (CHECKOUT / "docs/guides/alerts.md").read_text()
    assert re.findall(r"^### (\w+)$", guide, re.MULTILINE) == [
        alert for alert in dict.fromkeys(rule.get("alert") for rule in rules()) if alert
    ]


def test_whatever_the_guide_names_is_in_the_code() -> None:
    guide = (CHECKOUT / "docs/guides/alerts.md").read_text()
    folders = ("twinpath", "command_service", "projector_service", "query_service", "shared")
    code = "".join(file.read_text() for folder in folders for file in (CHECKOUT / folder).rglob("*.py"))
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", guide))
    assert len(named) > 10
    assert [name for name in sorted(named) if f'"{name}"' not in code and name not in known()] == []


@cache
def _tests(name: str) -> list[dict[str, Any]]:
    tests: list[dict[str, Any]] = yaml.safe_load((FOLDER / name).read_text())["tests"]
    return tests
