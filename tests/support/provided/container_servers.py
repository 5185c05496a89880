"""MongoDB, Redis and RabbitMQ in Docker containers, to be used like their twins in deploy/local."""

from deploy.local import rabbitmq, redis
from deploy.local.mongodb import MONGOD_OPTIONS, MongoDB, member_answers
from deploy.local.ports import HOST, Port, hold_port, hold_ports
from tests.support.provided.containers import Container

MONGODB_IMAGE = "mongo:8.0"
REDIS_IMAGE = "redis:8.0"
RABBITMQ_IMAGE = "rabbitmq:4.1-management"
_AMQP, _MANAGEMENT, _REDIS = 5672, 15672, 6379


class RedisContainer(Container):
    """One Redis that keeps its data across a restart."""

    def __init__(self) -> None:
        port = hold_port()
        self.url = f"redis://{HOST}:{port.number}/0"
        command = ["redis-server", "--save", "", "--appendonly", "yes", "--appendfsync", "no"]
        super().__init__(REDIS_IMAGE, lambda: redis.answers(self.url), command, {_REDIS: port})

    def wipe(self) -> None:
        """Come back empty at the same address."""
        self.close()
        self.start()


class RabbitMQContainer(Container):
    """One RabbitMQ node with its management API."""

    def __init__(self) -> None:
        amqp, management = hold_ports(2)
        self.url = f"amqp://{rabbitmq.USER}:{rabbitmq.PASSWORD}@{HOST}:{amqp.number}/"
        self.management_url = f"http://{rabbitmq.USER}:{rabbitmq.PASSWORD}@{HOST}:{management.number}"
        ports = {_AMQP: amqp, _MANAGEMENT: management}
        super().__init__(RABBITMQ_IMAGE, lambda: rabbitmq.answers(self.management_url), None, ports)

    def wipe(self) -> None:
        """Come back with an empty disk at the same address."""
        self.close()
        self.start()

    def control(self, *arguments: str) -> str:
        """What rabbitmqctl says when it is run on this node. Raises RuntimeError."""
        code, said = self.docker.exec_run(["rabbitmqctl", *arguments])
        if code:
            raise RuntimeError(said.decode(errors="replace"))
        return str(said.decode())


class MongoDBContainers(MongoDB):
    """A replica set of containers that share one network namespace.

    A set's members must reach each other under the addresses that clients use. So one idle container publishes
    all ports, each to the same number, and every member lives in its network: 127.0.0.1 means the same to all.
    """

    def __init__(self, members: int, election_timeout_ms: int) -> None:
        ports = hold_ports(members)
        published = {port.number: port for port in ports}
        self._network = Container(MONGODB_IMAGE, lambda: True, ["infinity"], published, entrypoint="sleep")
        super().__init__([_MongodContainer(self._network, port) for port in ports], election_timeout_ms)

    def start(self) -> None:
        """Start what does not run; returns when a primary takes majority writes."""
        self._network.start()
        super().start()

    def close(self) -> None:
        """Remove all containers."""
        super().close()
        self._network.close()


class _MongodContainer(Container):
    """One member; its port is published by the container whose network it shares."""

    def __init__(self, network: Container, port: Port) -> None:
        self.port = port.number
        self._network = network
        command = ["--port", str(self.port), "--bind_ip_all", *MONGOD_OPTIONS]
        super().__init__(MONGODB_IMAGE, lambda: member_answers(self.port), command)

    def start(self) -> None:
        """Start or restart it and wait until it takes connections."""
        self._options = {"network_mode": f"container:{self._network.docker.id}"}
        super().start()
