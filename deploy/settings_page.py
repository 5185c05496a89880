"""docs/settings.md, made from the settings themselves: `make pages`."""

from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo
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
_TYPES: dict[Any, str] = {int: "whole number", float: "number", str: "text", bool: "true or false", SecretStr: "secret"}


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for program, settings in PROGRAMS.items():
        listed = CliSettings.model_fields if settings is ServerSettings else {}
        fields = {name: field for name, field in settings.model_fields.items() if name not in listed}
        rows = [_row(variable(settings, name), field) for name, field in fields.items()]
        parts.append(
            "\n".join([f"## {program}\n", "| variable | value | default | meaning |", "|---|---|---|---|", *rows])
        )
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def write(file: Path = FILE) -> None:
    """Write the page."""
    file.write_text(page())


def _row(name: str, field: FieldInfo) -> str:
    default = "" if field.default in ("", None) else f"`{_text(field.default)}`"
    return f"| `{name}` | {_kind(field)} | {default} | {field.description} |"


def _kind(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(field.annotation))
    types = [kind for kind in get_args(field.annotation) if kind is not NoneType] or [field.annotation]
    return " ".join([_TYPES[types[0]], *filter(None, map(_limit, field.metadata))])


def _limit(constraint: Any) -> str | None:
    match constraint:
        case Ge(ge=least):
            return f"≥ {least}"
        case Gt(gt=least):
            return f"> {least}"
        case Le(le=most):
            return f"≤ {most}"
    return None


def _text(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


if __name__ == "__main__":
    write()
