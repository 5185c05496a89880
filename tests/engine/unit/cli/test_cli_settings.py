"""Which system the command line talks to: the environment's, else that of `make up`, else the usual ports."""

import json
from pathlib import Path

import pytest

from twinpath.cli.addresses import FILE
from twinpath.cli.settings import Settings, find_system

RUNNING = {"mongodb": "mongodb://127.0.0.1:1", "rabbitmq": "amqp://127.0.0.1:2", "redis": "redis://127.0.0.1:3"}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TWINPATH_{name.upper()}", raising=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder in which `make up` runs."""
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text(json.dumps(RUNNING | {"command": "http://127.0.0.1:4"}))
    return tmp_path


def test_a_running_make_up_is_found(checkout: Path) -> None:
    settings, which = find_system((checkout / "elsewhere", checkout))

    assert (settings.mongodb_url, settings.rabbitmq_url, settings.redis_url) == tuple(RUNNING.values())
    assert str(checkout) in which


@pytest.mark.parametrize("name", ["mongodb_url", "redis_url", "views_database"])
def test_whoever_sets_one_variable_gets_nothing_from_a_make_up(
    checkout: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TWINPATH_{name.upper()}", "mine")

    settings, which = find_system((checkout,))

    assert getattr(settings, name) == "mine"
    assert not {settings.mongodb_url, settings.rabbitmq_url, settings.redis_url} & set(RUNNING.values())
    assert "environment" in which


def test_without_either_the_usual_ports_are_taken(tmp_path: Path) -> None:
    settings, _ = find_system((tmp_path,))

    assert settings.mongodb_url.startswith("mongodb://127.0.0.1:27017/")
