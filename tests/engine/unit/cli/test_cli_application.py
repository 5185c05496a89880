"""Which application the command line works on, and that `twinpath doctor` says what of it can't work."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from twinpath.cli.app import app
from twinpath.cli.application import VARIABLE, NoApplication, find_application

MODULE = """
from twinpath.domain import Application, Catalogue, Process

class Twice(Process):
    name = "twice"

EMPTY = Application(events=Catalogue(()))
BROKEN = Application(events=Catalogue(()), processes=(Twice, Twice))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a team's code, in which the command line is started."""
    name = f"declared_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def named(folder: Path, attribute: str) -> str:
    return f"declared_{folder.name}:{attribute}"


def declare(folder: Path, attribute: str) -> None:
    (folder / "pyproject.toml").write_text(f'[tool.twinpath]\napplication = "{named(folder, attribute)}"\n')


def test_the_variable_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(folder, "BROKEN")
    monkeypatch.setenv(VARIABLE, named(folder, "EMPTY"))

    assert find_application().processes == ()


def test_the_nearest_pyproject_with_the_table_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(folder, "EMPTY")
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    (below / "pyproject.toml").write_text('[project]\nname = "another"\n')
    monkeypatch.chdir(below)

    assert find_application().events.types == ()


def test_without_a_name_it_says_how_to_give_one() -> None:
    with pytest.raises(NoApplication, match=r"Set TWINPATH_APPLICATION to module:attribute.*\[tool\.twinpath\]"):
        find_application()


@pytest.mark.parametrize("reference", ["nowhere:SHOP", "json:SHOP", "json:dumps", "json", ":SHOP"])
def test_a_name_of_nothing_is_told_with_where_it_stands(reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, reference)

    with pytest.raises(NoApplication, match=f"{VARIABLE} names .*{reference}"):
        find_application()


@pytest.mark.parametrize(
    ("attribute", "code", "line"),
    [("EMPTY", 0, "0 processes: no faults"), ("BROKEN", 1, "process twice: it is declared 2 times")],
)
def test_the_doctor_tells_by_its_exit_code(folder: Path, attribute: str, code: int, line: str) -> None:
    declare(folder, attribute)

    result = CliRunner().invoke(app, ["doctor"])

    assert (result.exit_code, line in result.stdout) == (code, True), result.output


def test_the_doctor_without_an_application_can_not_work() -> None:
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 2
