"""The certificates of servers: verified by name and authority, kept while they are good, and renewed in time."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

import deploy.certificates
from deploy.certificates import SERVERS, make_certificates


def shake_hands(server: Path, authorities: Path, name: str) -> None:
    """A TLS handshake in memory with the server's certificate. Raises ssl.SSLError."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(server / "tls.crt", server / "tls.key")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        ssl.create_default_context(cafile=authorities).wrap_bio(to_client, to_server, server_hostname=name),
        serving.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(3):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_is_verified_by_each_of_its_names_and_no_other(tmp_path: Path, server: str) -> None:
    assert make_certificates(tmp_path) == list(SERVERS)
    for name in SERVERS[server]:
        shake_hands(tmp_path / server, tmp_path / "trusted" / "ca.crt", name)
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        shake_hands(tmp_path / server, tmp_path / "trusted" / "ca.crt", "elsewhere")


def test_another_checkouts_authority_does_not_vouch_for_it(tmp_path: Path) -> None:
    make_certificates(tmp_path / "ours")
    make_certificates(tmp_path / "theirs")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tmp_path / "ours" / "redis", tmp_path / "theirs" / "trusted" / "ca.crt", "redis")


def test_what_is_good_is_kept_and_what_lacks_a_name_is_made_anew(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.crt")}
    assert make_certificates(tmp_path) == []
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.crt")} == before
    assert make_certificates(tmp_path, {**SERVERS, "redis": ("redis", "cache.example.org")}) == ["redis"]
    shake_hands(tmp_path / "redis", tmp_path / "trusted" / "ca.crt", "cache.example.org")


@pytest.mark.parametrize(("limit", "made"), [("DAYS", list(SERVERS)), ("_AUTHORITY_DAYS", list(SERVERS))])
def test_what_ends_soon_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, made: list[str]
) -> None:
    monkeypatch.setattr(deploy.certificates, limit, 20)
    make_certificates(tmp_path)
    monkeypatch.undo()
    assert make_certificates(tmp_path) == made
    assert make_certificates(tmp_path) == []
    for server in SERVERS:
        shake_hands(tmp_path / server, tmp_path / "trusted" / "ca.crt", "localhost")


def test_keys_are_their_owners_alone_unless_a_volume_keeps_them(tmp_path: Path) -> None:
    mode: Callable[[Path], int] = lambda file: file.stat().st_mode & 0o777  # noqa: E731
    make_certificates(tmp_path / "folder")
    make_certificates(tmp_path / "volumes", readable=True)
    for server in SERVERS:
        for file in ("tls.key", "tls.pem"):
            assert mode(tmp_path / "folder" / server / file) == 0o400
            assert mode(tmp_path / "volumes" / server / file) == 0o444
    assert mode(tmp_path / "volumes" / "authority" / "ca.key") == 0o400


def test_the_authority_can_do_nothing_but_vouch_for_servers(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    authority = x509.load_pem_x509_certificate((tmp_path / "trusted" / "ca.crt").read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    assert not list(tmp_path.glob("*/ca.key"))[1:], "its key lies in one place"
