"""Servers for tests: from Docker where an engine answers, else private local processes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.local import mongodb, rabbitmq, redis
from deploy.local.install import find_or_install
from deploy.local.mongodb import MongoDB
from deploy.local.ports import HOST, Port, hold_port, hold_ports
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.redis import Redis
from tests.support.containers import MONGODB_IMAGE, RABBITMQ_IMAGE, REDIS_IMAGE, Container, engine_answers


class ContainerServer(Container):
    """A server in a container, with its address."""

    def __init__(self, url: str, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.url = url


class RabbitContainer(ContainerServer):
    """RabbitMQ in a container."""

    management_url: str


class Provider:
    """Makes servers and ends them all at `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._docker = engine_answers()
        self._ends: list[Callable[[], object]] = []
        self._made = 0

    def mongodb(self) -> Any:
        """A replica set of one."""
        if not self._docker:
            return self.replica_set(1)
        port = hold_port()
        number = port.number
        url = f"{mongodb.replica_set_url([number])}&directConnection=true"
        command = ["mongod", "--port", str(number), *mongodb.MONGOD_OPTIONS]

        def ready() -> bool:
            if mongodb.member_answers(number):
                mongodb.initiate([number])
            return mongodb.takes_writes(url)

        return self._kept(ContainerServer(url, MONGODB_IMAGE, ready, command, {number: port}))

    def replica_set(self, members: int) -> MongoDB:
        """A replica set of local processes, whose members can be hurt one by one."""
        ports = hold_ports(members)
        made: MongoDB = self._kept(MongoDB(find_or_install().mongod, self._next("mongodb"), ports))
        return made

    def redis(self) -> Any:
        """A Redis."""
        if not self._docker:
            return self._kept(Redis(find_or_install().redis_server, self._next("redis")))
        port = hold_port()
        url = f"redis://{HOST}:{port.number}/0"
        command = ["redis-server", "--appendonly", "yes"]
        return self._kept(ContainerServer(url, REDIS_IMAGE, lambda: redis.answers(url), command, {6379: port}))

    def rabbitmq(self) -> Any:
        """A RabbitMQ; besides `url` it has `management_url`."""
        if not self._docker:
            programs = find_or_install()
            return self._kept(RabbitMQ(programs.rabbitmq_server, programs.epmd, self._next("rabbitmq")))
        amqp, management = hold_ports(2)
        management_url = f"http://guest:guest@{HOST}:{management.number}"
        ports: dict[int, Port] = {5672: amqp, 15672: management}
        server = RabbitContainer(
            f"amqp://guest:guest@{HOST}:{amqp.number}/",
            RABBITMQ_IMAGE,
            lambda: rabbitmq.answers(management_url),
            None,
            ports,
            hostname="rabbitmq",  # the node's name, and so its data, stays through a restart
        )
        server.management_url = management_url
        return self._kept(server)

    def close(self) -> None:
        """End everything that was made."""
        for end in reversed(self._ends):
            end()
        self._ends.clear()

    def _kept(self, server: Any) -> Any:
        self._ends.append(server.close if isinstance(server, Container) else server.kill)
        server.start()
        return server

    def _next(self, name: str) -> Path:
        self._made += 1
        folder = self._folder / f"{name}-{self._made}"
        folder.mkdir(parents=True)
        return folder
