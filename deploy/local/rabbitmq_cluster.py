"""Three RabbitMQ nodes on 127.0.0.1 that are one cluster, as `deploy/kubernetes/overlays/production` has it."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from deploy.local.ports import HOST, hold_port, hold_ports
from deploy.local.rabbitmq import PASSWORD, PORTS, USER, RabbitMQ, port_mapper_process

_SETTINGS = """\
cluster_partition_handling = pause_minority
cluster_formation.peer_discovery_backend = classic_config
"""
_SILENCE_SECONDS = 4
"""After so long nodes count another one as away that says nothing; by default after a minute."""


class RabbitMQCluster:
    """The nodes share a port mapper and a secret; each can be stopped, killed and paused by itself.

    Args:
        program: the path of rabbitmq-server, not of a wrapper that changes the user.
        port_mapper: the path of epmd.
        folder: takes configuration, data and logs.
    """

    def __init__(self, program: str, port_mapper: str, folder: Path, count: int = 3) -> None:
        mapper = hold_port()
        mapper.lend()
        self._mapper = port_mapper_process(port_mapper, mapper.number, folder)
        names = [f"twinpath-{number}@localhost" for number in range(count)]
        peers = [f"cluster_formation.classic_config.nodes.{n} = {name}\n" for n, name in enumerate(names, 1)]
        cookie = secrets.token_hex(16)
        self.nodes: list[RabbitMQ] = []
        for name in names:
            own = folder / name.partition("@")[0]
            own.mkdir(parents=True)
            (own / ".erlang.cookie").write_text(cookie)
            (own / ".erlang.cookie").chmod(0o400)
            ports = [*hold_ports(PORTS - 1), mapper]
            settings, arguments = _SETTINGS + "".join(peers), f"-kernel net_ticktime {_SILENCE_SECONDS}"
            self.nodes.append(RabbitMQ(program, self._mapper, own, ports, name, settings, arguments))
        places = ",".join(f"{HOST}:{node.amqp_port}" for node in self.nodes)
        self.url = f"amqp://{USER}:{PASSWORD}@{places}/"

    def start(self) -> None:
        """Start every node that does not run; returns when each takes connections."""
        self._mapper.start()
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(lambda node: node.start(), self.nodes))

    def close(self) -> None:
        """End every node for good."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(lambda node: node.close(), self.nodes))
        self._mapper.close()

    def members_of(self, node: RabbitMQ) -> set[str]:
        """The names of the nodes that this one sees at work, itself among them. Raises httpx.HTTPError."""
        return {member["name"] for member in _told(node, "nodes") if member["running"]}

    def leader_of(self, queue: str, asked: RabbitMQ) -> RabbitMQ | None:
        """The node that leads a quorum queue of the vhost /, as `asked` heard some seconds ago; None before it has.

        Raises:
            httpx.HTTPError: it does not answer.
        """
        leader = _told(asked, f"queues/%2F/{queue}").get("leader")
        return next((node for node in self.nodes if node.node == leader), None)


def _told(node: RabbitMQ, what: str) -> Any:
    return httpx.get(f"{node.management_url}/api/{what}", timeout=10).raise_for_status().json()
