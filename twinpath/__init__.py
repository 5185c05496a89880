"""The engine: an installable library for event-sourced CQRS services that knows no shop."""

from twinpath.running import wait_for as _wait_for  # noqa: F401, applied at import
