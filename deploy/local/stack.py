"""A whole `make up` without Docker: four servers and three services in one private folder."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from deploy.checkout import CHECKOUT
from deploy.local.clickhouse import ClickHouse
from deploy.local.install import find_or_install, install_clickhouse
from deploy.local.mongodb import Mongod, MongoDB
from deploy.local.ports import HOST, hold_port, is_listening
from deploy.local.process import Process, StartFailed
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.redis import Redis
from deploy.local.services import NAMES, Service, identity_environment, service_environment
from twinpath.servers.rabbitmq import import_definitions, topology

_DRAIN_SECONDS = 12.0


class Stack:
    """Starts and stops in the right order; `folder` takes all data and logs. ClickHouse comes with `analytics`."""

    def __init__(self, folder: Path, analytics: bool = True) -> None:
        if analytics:
            install_clickhouse()
        programs = find_or_install()
        self._mongod = Mongod(programs.mongod, folder / "mongodb", hold_port(), name="mongod")
        self._mongodb = MongoDB([self._mongod])
        self._redis = Redis(programs.redis_server, folder / "redis")
        self._rabbitmq = RabbitMQ(programs.rabbitmq_server, programs.epmd, folder / "rabbitmq")
        self._search = (folder / "search").resolve().as_uri()
        self._clickhouse = [ClickHouse(folder / "clickhouse")] if analytics else []
        self._servers = (self._mongodb, self._redis, self._rabbitmq, *self._clickhouse)
        clickhouse = self._clickhouse[0].url if analytics else ""
        env = service_environment(self._mongodb.url, self._rabbitmq.url, self._redis.url, clickhouse, self._search)
        self._issuer_port = hold_port()
        self.issuer = f"http://{HOST}:{self._issuer_port.number}"
        command = [sys.executable, "-m", "deploy.issuer", "--port", str(self._issuer_port.number)]
        command += ["--memory", str((folder / "issuer.json").resolve())]
        self._issuer = Process("issuer", command, folder / "issuer.log", folder=CHECKOUT)
        env |= identity_environment(self.issuer)
        self.services = {name: Service(name, folder / f"{name}.log", env) for name in NAMES}

    def start_servers(self) -> None:
        """Start the servers in parallel; returns when all are ready. Raises StartFailed."""
        # those of a run that was killed may still be about to end, and hold the data
        patiently = Retrying(retry=retry_if_exception_type(StartFailed), stop=stop_after_attempt(3), reraise=True)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: patiently.copy()(server.start), self._servers))
        import_definitions(self._rabbitmq.management_url, topology("/", []))

    def start_services(self) -> None:
        """Start the development issuer and the services; returns when all are ready. Raises StartFailed."""
        self._issuer_port.lend()
        self._issuer.start()
        self._issuer.wait_until(lambda: is_listening(self._issuer_port.number), 60)
        for service in self.services.values():
            service.start()
        for service in self.services.values():
            service.wait_ready()

    def stop(self) -> None:
        """Stop the services first, so that they can drain, then the servers; the data stay."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda service: service.stop(_DRAIN_SECONDS), self.services.values()))
            list(pool.map(lambda server: server.stop(), (*self._servers, self._issuer)))

    @property
    def processes(self) -> list[Process]:
        """Every server and service."""
        servers = [self._mongod, self._redis, self._rabbitmq, *self._clickhouse]
        return [*servers, self._issuer, *self.services.values()]

    def addresses(self) -> dict[str, str]:
        """Name -> address of every server and service."""
        return {
            **{name: service.url for name, service in self.services.items()},
            "issuer": self.issuer,
            "rabbitmq_ui": self._rabbitmq.management_url,
            "mongodb": self._mongodb.url,
            "rabbitmq": self._rabbitmq.url,
            "redis": self._redis.url,
            "search": self._search,
            **({"clickhouse": self._clickhouse[0].url} if self._clickhouse else {}),
        }
