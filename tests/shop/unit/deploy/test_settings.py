"""Settings that are wrong are named by their variable, without a traceback and without what may be a secret."""

import pytest

from command_service.settings import Settings as CommandSettings
from twinpath.projecting.settings import Settings as ProjectorSettings
from twinpath.queries.settings import Settings as QuerySettings
from twinpath.running.settings import put_together, read_settings


def test_each_wrong_variable_is_named_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWINPATH_PARTITIONS", "many")
    monkeypatch.setenv("TWINPATH_PORT", "70000")
    with pytest.raises(SystemExit) as ended:
        read_settings(CommandSettings)
    assert ended.value.code == 1
    assert capsys.readouterr().err.splitlines() == [
        "TWINPATH_PARTITIONS: Input should be a valid integer, unable to parse string as an integer",
        "TWINPATH_PORT: Input should be less than or equal to 65535",
    ]


@pytest.mark.parametrize(
    ("kind", "variable"),
    [
        (CommandSettings, "TWINPATH_RABBITMQ_URL"),
        (ProjectorSettings, "TWINPATH_REDIS_URL"),
        (QuerySettings, "TWINPATH_MONGODB_URL"),
    ],
)
def test_an_address_of_another_kind_is_refused_and_not_repeated(
    kind: type[CommandSettings], variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, "http://someone:s3cret@somewhere")
    with pytest.raises(SystemExit):
        read_settings(kind)
    said = capsys.readouterr().err
    assert said.startswith(f"{variable}: String should match pattern")
    assert "s3cret" not in said


def test_settings_that_are_valid_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINPATH_MONGODB_URL", "mongodb://query:a@one:27017,two:27017/?replicaSet=rs0")
    monkeypatch.setenv("TWINPATH_CAUSAL_WAIT_SECONDS", "1.5")
    assert read_settings(QuerySettings).causal_wait_seconds == 1.5


def test_an_address_of_which_nothing_can_be_made_ends_it_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    def bootstrap(settings: QuerySettings) -> None:
        raise ValueError("Port could not be cast to integer value")

    with pytest.raises(SystemExit) as ended:
        put_together(bootstrap, QuerySettings())
    assert ended.value.code == 1
    assert capsys.readouterr().err == "Port could not be cast to integer value\n"
