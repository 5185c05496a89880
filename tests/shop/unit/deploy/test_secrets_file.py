"""The secrets of `docker compose` are made once, for their owner's eyes, and never changed."""

from pathlib import Path

from deploy.secrets_file import SECRETS, read_secrets, write_secrets


def test_every_secret_is_made_different_and_readable_by_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    made = write_secrets(file)
    assert made.keys() == SECRETS.keys()
    assert len(set(made.values())) == len(SECRETS)
    assert all(len(secret) >= 32 for secret in made.values())
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert write_secrets(file) == write_secrets(file)


def test_what_the_file_has_stays_and_what_lacks_is_added(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TWINPATH_ADMIN_PASSWORD=mine\nOTEL_EXPORTER_OTLP_ENDPOINT=http://tempo:4318\n")
    write_secrets(file)
    found = read_secrets(file)
    assert found["TWINPATH_ADMIN_PASSWORD"] == "mine"
    assert found["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://tempo:4318"
    assert found.keys() > SECRETS.keys()
