"""Settings that come from files, and addresses that are spoken to over TLS alone."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from twinpath.cli.settings import Settings as CliSettings
from twinpath.commands.settings import Settings as CommandSettings
from twinpath.projecting.settings import Settings as ProjectorSettings
from twinpath.queries.settings import Settings as QuerySettings
from twinpath.running.settings import read_settings
from twinpath.running.sourced_settings import ServerSettings
from twinpath.servers.settings import Settings as InitSettings

ALL: list[type[ServerSettings]] = [CommandSettings, ProjectorSettings, QuerySettings, CliSettings, InitSettings]


def secret(folder: Path, content: str) -> str:
    (folder / "password").write_text(content)
    return f"{{file:{folder}/password}}"


@pytest.mark.parametrize("kind", ALL)
def test_an_address_takes_its_password_from_a_file(
    kind: type[ServerSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWINPATH_MONGODB_URL", f"mongodb://me:{secret(tmp_path, 'a/b@c: %')}@db:27017/?replicaSet=rs0")
    url = kind().model_dump()["mongodb_url"]
    assert url == "mongodb://me:a%2Fb%40c%3A%20%25@db:27017/?replicaSet=rs0"
    assert urlsplit(url).hostname == "db"


def test_a_secret_and_a_number_are_taken_from_files_without_the_line_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWINPATH_CURSOR_KEY", secret(tmp_path, "k@y\n"))
    assert QuerySettings().cursor_key == SecretStr("k@y")
    monkeypatch.setenv("TWINPATH_PARTITIONS", secret(tmp_path, " 16\n"))
    assert ProjectorSettings().partitions == 16


def test_a_file_that_is_away_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWINPATH_CURSOR_KEY", "{file:/run/secrets/nowhere}")
    with pytest.raises(SystemExit):
        read_settings(QuerySettings)
    assert (
        capsys.readouterr().err
        == "TWINPATH_CURSOR_KEY: /run/secrets/nowhere can't be read: No such file or directory\n"
    )


def test_each_address_gets_the_authorities_in_the_words_of_its_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorities = tmp_path / "ca & co.crt"
    authorities.write_text("")
    monkeypatch.setenv("TWINPATH_SERVERS_CA_FILE", str(authorities))
    monkeypatch.setenv("TWINPATH_MONGODB_URL", "mongodb://a:b@one,two")
    monkeypatch.setenv("TWINPATH_RABBITMQ_URL", "amqps://a:b@one:5671,two:5671/shop")
    monkeypatch.setenv("TWINPATH_REDIS_URL", "rediss://a:b@redis:6379/0?ssl_check_hostname=true")
    monkeypatch.setenv("TWINPATH_RABBITMQ_MANAGEMENT_URL", "https://a:b@one:15671")
    monkeypatch.setenv("TWINPATH_SEARCH_URL", "https://a:b@one:9200,two:9200")
    monkeypatch.setenv("TWINPATH_CLICKHOUSE_URL", "https://a:b@one:8443")
    settings, written = InitSettings(), str(authorities).replace(" ", "%20").replace("&", "%26").replace("/", "%2F")
    assert settings.mongodb_url == f"mongodb://a:b@one,two/?tlsCAFile={written}"
    assert settings.rabbitmq_url == f"amqps://a:b@one:5671,two:5671/shop?cafile={written}"
    assert settings.redis_url == f"rediss://a:b@redis:6379/0?ssl_check_hostname=true&ssl_ca_certs={written}"
    assert settings.rabbitmq_management_url == "https://a:b@one:15671"
    assert settings.search_url == "https://a:b@one:9200,two:9200"
    assert settings.clickhouse_url == f"https://a:b@one:8443?ca_cert={written}"
    assert InitSettings(**settings.model_dump()) == settings, "nothing is said twice"


async def test_mongodb_is_spoken_to_over_tls_whatever_its_address_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ca.crt").write_text("")
    monkeypatch.setenv("TWINPATH_SERVERS_CA_FILE", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("TWINPATH_MONGODB_URL", "mongodb://db:27017/?replicaSet=rs0")
    with pytest.raises(Exception, match=r"certificate|PEM|SSL|start line"):  # an empty file vouches for nobody
        AsyncMongoClient(QuerySettings().mongodb_url)


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("TWINPATH_RABBITMQ_URL", "amqp://a:s3cret@rabbitmq/"),
        ("TWINPATH_REDIS_URL", "redis://a:s3cret@redis/"),
        ("TWINPATH_RABBITMQ_MANAGEMENT_URL", "http://a:s3cret@rabbitmq:15672"),
        ("TWINPATH_SEARCH_URL", "http://a:s3cret@search:9200"),
        ("TWINPATH_CLICKHOUSE_URL", "http://a:s3cret@clickhouse:8123"),
    ],
)
def test_with_authorities_an_address_without_tls_is_refused_and_not_repeated(
    variable: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ca.crt").write_text("")
    monkeypatch.setenv("TWINPATH_SERVERS_CA_FILE", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("TWINPATH_RABBITMQ_URL", "amqps://rabbitmq/")
    monkeypatch.setenv("TWINPATH_REDIS_URL", "rediss://redis/")
    monkeypatch.setenv(variable, address)
    with pytest.raises(SystemExit):
        read_settings(InitSettings)
    said = capsys.readouterr().err
    assert said.startswith(f"{variable}: TWINPATH_SERVERS_CA_FILE asks for TLS")
    assert "s3cret" not in said


def test_authorities_that_are_away_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWINPATH_SERVERS_CA_FILE", "/nowhere/ca.crt")
    with pytest.raises(SystemExit):
        read_settings(CommandSettings)
    assert capsys.readouterr().err == "TWINPATH_SERVERS_CA_FILE: there is no file /nowhere/ca.crt\n"
