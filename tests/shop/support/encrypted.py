"""MongoDB, RabbitMQ and Redis that take TLS and nothing else on the ports that services are told, with accounts."""

import secrets
from pathlib import Path

from pymongo import MongoClient

from deploy.certificates import make_certificates
from deploy.local.install import find_or_install
from deploy.local.mongodb import MONGOD_OPTIONS
from deploy.local.ports import HOST, hold_port, is_listening
from deploy.local.process import Process
from deploy.local.rabbitmq import PASSWORD, USER, RabbitMQ
from twinpath.servers.accounts import ACCOUNTS, Passwords
from twinpath.servers.redis import acl

_PASSWORDS = Passwords.model_validate({f"{account}_password": account for account in ACCOUNTS})


class Encrypted:
    """The three servers; each account's password is its name, `authorities` is the file that verifies them."""

    def __init__(self, folder: Path) -> None:
        programs, tls = find_or_install(), folder / "tls"
        make_certificates(tls)
        self.authorities = tls / "trusted" / "ca.crt"
        ports = {name: hold_port() for name in ("mongodb", "amqps", "https", "redis")}
        self.port = {name: port.number for name, port in ports.items()}
        mongod = self._mongod(programs.mongod, folder, tls / "mongodb")
        redis = self._redis(programs.redis_server, folder, tls / "redis")
        settings = _rabbitmq_settings(tls / "rabbitmq", self.port["amqps"], self.port["https"])
        self._rabbitmq = RabbitMQ(programs.rabbitmq_server, programs.epmd, folder / "rabbitmq", settings=settings)
        self._processes = [mongod, redis, self._rabbitmq]
        self._held = list(ports.values())

    def start(self) -> None:
        """Start them; MongoDB gets its administrator as by its image, everything else is `twinpath init`'s business."""
        for port in self._held:
            port.release()
        for process in self._processes:
            process.start()
        for process, name in zip(self._processes, ("mongodb", "redis", "amqps"), strict=True):
            process.wait_until(lambda name=name: is_listening(self.port[name]), limit=60)  # type: ignore[misc]
        host = f"{HOST}:{self.port['mongodb']}"
        url = f"mongodb://{host}/?tlsCAFile={self.authorities}"
        with MongoClient[dict[str, object]](f"{url}&directConnection=true") as client:
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": host}]})
        with MongoClient[dict[str, object]](f"{url}&replicaSet=rs0") as client:
            client.admin.command("createUser", "admin", pwd="admin", roles=["root"])

    def environment(self, account: str) -> dict[str, str]:
        """The settings of an account."""
        return {
            "TWINPATH_SERVERS_CA_FILE": str(self.authorities),
            "TWINPATH_MONGODB_URL": f"mongodb://{account}:{account}@{HOST}:{self.port['mongodb']}/?replicaSet=rs0",
            "TWINPATH_RABBITMQ_URL": f"amqps://{account}:{account}@{HOST}:{self.port['amqps']}/twinpath",
            "TWINPATH_REDIS_URL": f"rediss://{account}:{account}@{HOST}:{self.port['redis']}/0",
            "TWINPATH_RATES_REDIS_URL": f"rediss://{account}:{account}@{HOST}:{self.port['redis']}/0",
        }

    def init_environment(self) -> dict[str, str]:
        """The settings of `twinpath init`."""
        management = f"https://{USER}:{PASSWORD}@{HOST}:{self.port['https']}"
        passwords = {f"TWINPATH_{account.upper()}_PASSWORD": account for account in ACCOUNTS}
        return {**self.environment("admin"), **passwords, "TWINPATH_RABBITMQ_MANAGEMENT_URL": management}

    def close(self) -> None:
        """End them for good."""
        for process in self._processes:
            process.close()

    def _mongod(self, program: str, folder: Path, tls: Path) -> Process:
        key, data = folder / "key", folder / "mongodb"
        data.mkdir()
        key.write_text(secrets.token_hex(16))
        key.chmod(0o400)
        command = [program, "--port", str(self.port["mongodb"]), "--dbpath", str(data), "--bind_ip", HOST]
        command += [*MONGOD_OPTIONS, "--nounixsocket", "--keyFile", str(key), "--tlsMode", "requireTLS"]
        command += ["--tlsCertificateKeyFile", str(tls / "tls.pem"), "--tlsCAFile", str(tls / "ca.crt")]
        return Process("mongod", [*command, "--tlsAllowConnectionsWithoutCertificates"], folder / "mongod.log")

    def _redis(self, program: str, folder: Path, tls: Path) -> Process:
        users = folder / "redis.acl"
        users.write_text("\n".join(acl(_PASSWORDS, "twinpath")) + "\n")
        command = [program, "--port", "0", "--tls-port", str(self.port["redis"]), "--bind", HOST, "--save", ""]
        command += ["--aclfile", str(users), "--dir", str(folder), "--tls-auth-clients", "no"]
        command += ["--tls-cert-file", str(tls / "tls.crt"), "--tls-key-file", str(tls / "tls.key")]
        return Process("Redis", [*command, "--tls-ca-cert-file", str(tls / "ca.crt")], folder / "redis.log")


def _rabbitmq_settings(tls: Path, amqps: int, https: int) -> str:
    """As in deploy/rabbitmq/tls.conf, besides the plain ports by which the test sees that the node is up."""
    certificate = {"cacertfile": tls / "ca.crt", "certfile": tls / "tls.crt", "keyfile": tls / "tls.key"}
    lines = [f"listeners.ssl.1 = {HOST}:{amqps}", "ssl_options.verify = verify_none"]
    lines += [f"management.ssl.ip = {HOST}", f"management.ssl.port = {https}"]
    for section in ("ssl_options", "management.ssl"):
        lines += [f"{section}.{name} = {file.resolve()}" for name, file in certificate.items()]
    return "\n".join(lines) + "\n"
