"""The secrets of `docker compose` are made once, for their owner's eyes, and never changed."""

from pathlib import Path

from deploy.secrets_file import FORMER, PROJECT, SECRETS, read_secrets, write_secrets


def test_every_secret_is_made_different_and_readable_by_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    made = write_secrets(file)
    assert made.keys() == {*SECRETS, PROJECT}
    assert len({made[name] for name in SECRETS}) == len(SECRETS)
    assert all(len(made[name]) >= 32 for name in SECRETS)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert write_secrets(file) == write_secrets(file)


def test_what_the_file_has_stays_and_what_lacks_is_added(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TWINPATH_TOOLS_PASSWORD=mine\nOTEL_EXPORTER_OTLP_ENDPOINT=http://tempo:4318\n")
    write_secrets(file)
    found = read_secrets(file)
    assert found["TWINPATH_TOOLS_PASSWORD"] == "mine"
    assert found["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://tempo:4318"
    assert found.keys() > SECRETS.keys()


def test_what_a_volume_was_made_with_stays_and_every_other_administrator_has_a_new_password(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TWINPATH_ADMIN_PASSWORD=former\n")
    found = write_secrets(file)
    assert {name for name in SECRETS if found[name] == "former"} == set(FORMER)


def test_two_checkouts_never_share_containers_or_volumes(tmp_path: Path) -> None:
    names = set()
    for checkout in ("one/twinpath", "another/twinpath"):
        (tmp_path / checkout).mkdir(parents=True)
        names.add(write_secrets(tmp_path / checkout / ".env")[PROJECT])
    assert len(names) == 2
    assert all(name.startswith("twinpath-") for name in names)


def test_a_checkout_whose_volumes_are_there_already_keeps_their_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TWINPATH_ADMIN_PASSWORD=mine\n")
    assert write_secrets(tmp_path / ".env")[PROJECT] == "twinpath"
