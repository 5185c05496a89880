"""An authority of this checkout's own, and a certificate for each server: `python -m deploy.certificates FOLDER`.

For docker-compose.tls.yml and tests. In a cluster cert-manager makes them (deploy/kubernetes/components/tls). Services
verify a server by the authority and its name, and tell who they are by their passwords.
"""

import os
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVERS: dict[str, Sequence[str]] = {
    name: (host, "localhost", "127.0.0.1")
    for name, host in (("mongodb", "mongo"), ("rabbitmq", "rabbitmq"), ("redis", "redis"), ("tls", "tls"))
}
"""Server -> the names and addresses by which it is called: in compose, and from the machine itself."""
DAYS = 365
_RENEWED_DAYS_BEFORE = 30
_AUTHORITY_DAYS = 3_650


@dataclass(frozen=True)
class _Pair:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def make_certificates(
    folder: Path, servers: Mapping[str, Sequence[str]] | None = None, readable: bool = False
) -> list[str]:
    """Make what is missing, or ends within 30 days, and keep the rest; the names of the servers with a new one.

    `folder` gets `authority` with ca.crt and ca.key, which nobody else needs; `trusted` with ca.crt, for services; and
    for each server a folder of its own with tls.crt, tls.key, both in tls.pem as MongoDB wants them, and ca.crt. Keys
    are for their owner alone, or, `readable`, for everybody who sees the server's folder: where it is a volume that its
    server alone mounts, whatever number the user has in its image. An authority that would not outlast its certificates
    is made anew with all of them.

    Raises:
        OSError: the folder can't be written.
        ValueError: what stands there is no certificate.
    """
    for name in ("authority", "trusted"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    authority = _authority(folder / "authority")
    _write(folder / "trusted" / "ca.crt", authority.pem, 0o444)
    made = []
    for server, names in (SERVERS if servers is None else servers).items():
        place = folder / server
        if _is_good(place / "tls.crt", authority.certificate, names):
            continue
        place.mkdir(exist_ok=True)
        pair = _issued(server, names, authority)
        _write(place / "tls.key", pair.key_pem, 0o444 if readable else 0o400)
        _write(place / "tls.pem", pair.key_pem + pair.pem, 0o444 if readable else 0o400)
        _write(place / "ca.crt", authority.pem, 0o444)
        _write(place / "tls.crt", pair.pem, 0o444)  # last: what it is there for is complete
        made.append(server)
    return made


def _authority(folder: Path) -> _Pair:
    """The one that is there, unless it ends too soon to vouch for a whole year."""
    certificate_file, key_file = folder / "ca.crt", folder / "ca.key"
    if certificate_file.exists() and key_file.exists():
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if isinstance(key, ec.EllipticCurvePrivateKey) and _lasts(certificate, DAYS):
            return _Pair(key, certificate)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Twinpath's servers")
    usage = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"), False)
    usage |= dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False)
    builder = (
        _builder(name, name, key, _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
    )
    pair = _Pair(key, builder.sign(key, hashes.SHA256()))
    _write(key_file, pair.key_pem)
    _write(certificate_file, pair.pem, 0o444)
    return pair


def _issued(server: str, names: Sequence[str], authority: _Pair) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_name(server), authority.certificate.subject, key, DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(  # members of a replica set are clients of each other
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    return _Pair(key, builder.sign(authority.key, hashes.SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # for clocks that are slow
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _is_good(file: Path, authority: x509.Certificate, names: Sequence[str]) -> bool:
    if not file.exists():
        return False
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if set(alternative) != {_alternative(name) for name in names}:
        return False
    identifier = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    ours = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return identifier == ours and _lasts(certificate, _RENEWED_DAYS_BEFORE)


def _lasts(certificate: x509.Certificate, days: int) -> bool:
    return certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=days)


def _write(file: Path, content: bytes, mode: int = 0o400) -> None:
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
    draft.chmod(mode)
    draft.replace(file)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__, prog="python -m deploy.certificates")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readable", action="store_true", help="keys are readable for whoever sees their folder")
    given = parser.parse_args()
    made = make_certificates(given.folder, readable=given.readable)
    print(f"{given.folder}: made for {', '.join(made) or 'nobody, all are good'}")
