"""Every command of `twinpath`: its help is quick and plain, it writes JSON, and a server that is away is one line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, get_args

import pytest
from rich.table import Table
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.testing import CliRunner

from deploy.local.ports import hold_port
from twinpath.cli.app import COMMANDS, app, load
from twinpath.cli.application import VARIABLE
from twinpath.cli.output import Output

HEAVY = {"aio_pika", "fastapi", "faststream", "opentelemetry", "pydantic", "pymongo", "redis", "structlog"}
WITHOUT_SERVERS = {"doctor", "server-files"}
OF_OTHERS = {"import", "token"}
"""They talk to the command service and to an issuer; see their own tests."""


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """The commands that do something, by their whole names."""
    if isinstance(command, TyperGroup):
        for part, below in command.commands.items():
            yield from leaves(f"{name} {part}", below)
    else:
        yield name, command


LEAVES = dict(pair for name in COMMANDS for pair in leaves(name, load(name)))


def arguments(name: str) -> list[str]:
    """A call of a command that is complete."""
    given = name.split()
    options = {flag for parameter in LEAVES[name].params for flag in parameter.opts}
    for parameter in LEAVES[name].params:
        if parameter.required:
            given += [parameter.opts[0]] if isinstance(parameter, TyperOption) else []
            given.append("1")
    return given + [flag for flag in ("--all", "--yes") if flag in options] + ["--patience=0"] * (name == "init")


def test_there_are_more_than_a_dozen_commands() -> None:
    assert len(LEAVES) > 12


def test_the_help_imports_nothing_that_takes_long() -> None:
    script = "import sys; from twinpath.cli.app import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "dead-letters" in done.stdout
    assert not HEAVY & set(done.stdout.splitlines()[-1].split())


def test_the_version_is_that_of_the_package() -> None:
    result = CliRunner().invoke(app, ["--version"])

    assert (result.exit_code, result.stdout) == (0, f"twinpath {version('twinpath')}\n")


@pytest.mark.parametrize("name", [(), *((name,) for name in COMMANDS), *(tuple(name.split()) for name in LEAVES)])
def test_no_help_says_that_a_flag_takes_a_value(name: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*name, "--help"], env={"COLUMNS": "200"})

    assert result.exit_code == 0
    assert "<bool>" not in result.stdout


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_can_write_json_and_explains_what_it_takes(name: str) -> None:
    parameters = LEAVES[name].params
    assert "--json" in {flag for parameter in parameters for flag in parameter.opts}
    assert LEAVES[name].help
    for parameter in parameters:
        assert isinstance(parameter, (TyperArgument, TyperOption))
        assert parameter.help or parameter.name == "help", f"{name} {parameter.name}"


@pytest.mark.parametrize("name", LEAVES)
def test_every_number_that_a_command_takes_has_a_least_and_a_most(name: str) -> None:
    for parameter in LEAVES[name].params:
        kind = parameter.type_descriptor.annotation
        if int in (kind, *get_args(kind)):
            assert None not in (parameter.min, parameter.max), parameter.name


@pytest.mark.parametrize("as_json", [False, True], ids=["lines", "json"])
@pytest.mark.parametrize("name", sorted(LEAVES.keys() - WITHOUT_SERVERS - OF_OTHERS))
def test_servers_that_are_away_are_one_line_and_a_failure(name: str, as_json: bool) -> None:
    nobody = hold_port()
    environment = {  # within a shorter time PyMongo may still be connecting when it is closed, and leave a socket open
        "TWINPATH_MONGODB_URL": f"mongodb://user:secret@127.0.0.1:{nobody.number}/?serverSelectionTimeoutMS=200",
        "TWINPATH_RABBITMQ_URL": f"amqp://user:secret@127.0.0.1:{nobody.number}/",
        "TWINPATH_RABBITMQ_MANAGEMENT_URL": f"http://user:secret@127.0.0.1:{nobody.number}/",
        "TWINPATH_REDIS_URL": f"redis://user:secret@127.0.0.1:{nobody.number}/0",
        "TWINPATH_TOOLS_PASSWORD": "secret",
        VARIABLE: "tests.engine.workshop.application:COMMANDS",
    }

    result = CliRunner().invoke(app, [*arguments(name), *["--json"] * as_json], env=environment)

    assert (result.exit_code, result.stdout) == (2, "")
    which, why = result.stderr.splitlines()
    assert f"127.0.0.1:{nobody.number}" in which
    assert any(server in why for server in ("MongoDB", "RabbitMQ"))
    for noise in ("Topology", "Traceback", "configured timeouts", "Error(", "secret"):
        assert noise not in result.stderr
    nobody.release()


ENDLESS = """
import typer
from twinpath.cli.connection import carry_out

async def whole():
    while True:
        {step}

typer.run(lambda: carry_out("here", "mongodb://127.0.0.1:1/", whole))
"""


def test_a_table_shows_what_is_in_it_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("name")
    names = ["[/red]", "[bold]x", ":smile:", "a" * 200]
    for name in names:
        table.add_row(name)

    Output(as_json=False).table(table)

    shown = capsys.readouterr().out
    assert [name for name in names if f"│ {name} " in shown] == names


def test_a_reader_that_leaves_ends_a_command_without_a_word() -> None:
    script = ENDLESS.format(step="print('an event', flush=True)")
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        assert command.stdout.readline() == b"an event\n"
        command.stdout.close()

        assert command.stderr.read().decode().splitlines() == ["here: MongoDB at 127.0.0.1:1"]
        assert command.wait(timeout=30) == 141


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("raise BrokenPipeError(32, 'Broken pipe')", "no server answers: [Errno 32] Broken pipe"),
        ("raise OSError(28, 'No space left on device')", "what is written finds no place: No space left on device"),
        ("open('/proc/nowhere', 'w')", "/proc/nowhere: No such file or directory"),
    ],
)
def test_what_is_wrong_with_files_is_not_blamed_on_a_server(step: str, why: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS.format(step=step)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr.splitlines()[1:]) == (2, "", [why])


@pytest.mark.parametrize("url", ["nonsense", "mongodb://", "mongodb://127.0.0.1:none"])
def test_an_address_that_is_none_is_one_line_and_a_failure(url: str) -> None:
    result = CliRunner().invoke(app, ["views"], env={"TWINPATH_MONGODB_URL": url, VARIABLE: "json:dumps"})

    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) <= 2


@pytest.mark.parametrize("name", sorted(WITHOUT_SERVERS))
def test_what_needs_no_server_writes_json_alone(name: str, tmp_path: object) -> None:
    environment = {VARIABLE: "tests.engine.workshop.application:COMMANDS", "TWINPATH_TOOLS_PASSWORD": "secret"}
    given = [name, "--json", *([str(tmp_path)] if name == "server-files" else [])]

    done = subprocess.run(
        [sys.executable, "-m", "twinpath.cli", *given],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )

    assert [json.loads(line) for line in done.stdout.splitlines()], done.stderr
