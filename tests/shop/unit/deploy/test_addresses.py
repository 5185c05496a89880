"""What people and scripts are told of a deployment with docker compose."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from deploy.checkout import CHECKOUT
from deploy.secrets_file import SECRETS
from twinpath.cli.addresses import COMPOSE_PORTS, FILE, compose_addresses, show, write_addresses

SECRET = {name: f"s3cret-{number}" for number, name in enumerate(SECRETS)}


def test_the_ports_are_those_of_the_compose_file() -> None:
    published = re.findall(r"127\.0\.0\.1:\$\{(\w+):-(\d+)\}", (CHECKOUT / "docker-compose.yml").read_text())
    assert COMPOSE_PORTS.items() <= dict(published).items()


def test_a_port_that_the_environment_changes_is_told() -> None:
    assert compose_addresses({**SECRET, "QUERY_PORT": "9001"})["query"] == "http://127.0.0.1:9001"


def test_the_table_shows_the_one_login_that_a_person_types_and_no_other_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = io.StringIO()
    show(compose_addresses(SECRET), Console(file=out, width=200))
    said = out.getvalue() + capsys.readouterr().out
    assert f"(admin / {SECRET['TWINPATH_RABBITMQ_ADMIN_PASSWORD']})" in said
    assert said.count("s3cret") == 1
    assert "mongodb://tools:…@127.0.0.1:27017/" in said


def test_the_lines_to_try_have_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    show(compose_addresses(SECRET), Console(file=io.StringIO(), width=200))
    lines = capsys.readouterr().out.splitlines()
    assert "twinpath token --as operator" in lines[0]
    assert all('-H "Authorization: Bearer $TOKEN" ' in line for line in lines[1:])


def test_the_file_with_the_passwords_is_the_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_addresses(compose_addresses(SECRET))
    assert FILE.stat().st_mode & 0o777 == 0o600
