"""The JSON of Grafana's dashboard, made from its panels."""

import json
from pathlib import Path
from typing import Any

from deploy.checkout import CHECKOUT
from deploy.observability.panels import ROWS, Panel

FILE = CHECKOUT / "deploy/observability/grafana/dashboards/twinpath.json"
_SOURCE = {"type": "prometheus", "uid": "prometheus"}
_HEIGHT, _WIDTH, _ACROSS = 8, 8, 3
"""Height and width of a panel, and the number of panels in a row."""


def dashboard() -> str:
    """The dashboard as JSON."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row, row_panels in ROWS.items():
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": row, "gridPos": _place(0, y, 24, 1), "panels": []}
        )
        y += 1
        for number, panel in enumerate(row_panels):
            x = number % _ACROSS * _WIDTH
            panels.append(_drawn(len(panels) + 1, panel, x, y + number // _ACROSS * _HEIGHT))
        y += -(-len(row_panels) // _ACROSS) * _HEIGHT
    whole = {
        "uid": "twinpath",
        "title": "Twinpath",
        "tags": ["twinpath"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_variable("job"), _variable("instance", 'job=~"$job"')]},
        "panels": panels,
    }
    return json.dumps(whole, indent=1) + "\n"


def write(file: Path = FILE) -> None:
    """Write the dashboard."""
    file.write_text(dashboard())


def _drawn(number: int, panel: Panel, x: int, y: int) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + index), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
        for index, (legend, expression) in enumerate(panel.lines)
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": _place(x, y, _WIDTH, _HEIGHT),
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": targets,
    }


def _variable(label: str, where: str = "") -> dict[str, Any]:
    """A choice above the panels: some values of a label, or all of them."""
    query = f"label_values(twinpath_event_loop_lag_seconds_count{{{where}}}, {label})"
    choice = {"includeAll": True, "allValue": ".*", "multi": True, "current": {"text": ["All"], "value": ["$__all"]}}
    return {"name": label, "type": "query", "datasource": _SOURCE, "query": query, "refresh": 2, "sort": 1, **choice}


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}
