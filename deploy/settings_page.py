"""docs/settings.md, made from the settings themselves: `make pages`."""

import json
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from command_service.settings import Settings as CommandSettings
from deploy.checkout import CHECKOUT
from twinpath.cli.settings import Settings as CliSettings
from twinpath.projecting.settings import Settings as ProjectorSettings
from twinpath.queries.settings import Settings as QuerySettings
from twinpath.running.settings import variable
from twinpath.servers.settings import Settings as ServerSettings

FILE = CHECKOUT / "docs/settings.md"

PROGRAMS: dict[str, type[BaseSettings]] = {
    "Command service": CommandSettings,
    "Projector service": ProjectorSettings,
    "Query service": QuerySettings,
    "The command line, twinpath": CliSettings,
    "Besides these: twinpath init and twinpath server-files": ServerSettings,
}

_HEAD = """# Settings

Every setting is an environment variable, checked when a program starts: an invalid setting ends it with exit code 1
and a line that names the setting, such as `TWINPATH_PARTITIONS: Input should be a valid integer`. The defaults fit
servers on this machine. This page is written by `make pages`.

`python -m command_service --check`, and likewise for the others, reports whether the service would start with these
settings: a line each for valid settings, servers that answer, the rights of the account and the number of partitions of
the log; exit code 0 or 1. In a container: `docker compose exec command python3 -m command_service --check`.

OpenTelemetry's own variables set up traces, above all `OTEL_EXPORTER_OTLP_ENDPOINT`:
[guides/traces.md](guides/traces.md). Log lines: [guides/logs.md](guides/logs.md).
"""
_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "password": "secret",
    "object": "JSON object",
}
_LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤"}


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for program, settings in PROGRAMS.items():
        listed = CliSettings.model_fields if settings is ServerSettings else {}
        fields = {
            name: field for name, field in settings.model_json_schema()["properties"].items() if name not in listed
        }
        rows = [_row(variable(settings, name), field) for name, field in fields.items()]
        parts.append(
            "\n".join([f"## {program}\n", "| variable | value | default | meaning |", "|---|---|---|---|", *rows])
        )
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def write(file: Path = FILE) -> None:
    """Write the page."""
    file.write_text(page())


def _row(name: str, field: dict[str, Any]) -> str:
    """By the JSON schema of the setting."""
    default = json.dumps(field["default"]).strip('"') if field.get("default") not in ("", None) else ""
    return f"| `{name}` | {_kind(field)} | {default and f'`{default}`'} | {field['description']} |"


def _kind(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    what = next((kind for kind in field.get("anyOf", ()) if kind["type"] != "null"), field)
    limits = [f"{sign} {what[limit]:g}" for limit, sign in _LIMITS.items() if limit in what]
    return " ".join([_TYPES[what.get("format", what["type"])], *limits])


if __name__ == "__main__":
    write()
