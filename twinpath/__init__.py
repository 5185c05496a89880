"""The engine: an installable library for event-sourced CQRS services that knows no shop."""
