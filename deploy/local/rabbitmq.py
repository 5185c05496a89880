"""A private RabbitMQ node with its management UI on 127.0.0.1."""

import os
import shutil
import subprocess
from pathlib import Path

import httpx

from deploy.local.ports import HOST, Port, hold_ports, is_listening
from deploy.local.process import Process

USER = "guest"
PASSWORD = "guest"
PORTS = 4
"""The number of ports of a node: AMQP, management, Erlang distribution, Erlang's port mapper."""

_CONFIGURATION = """\
listeners.tcp.default = {host}:{amqp}
management.tcp.ip = {host}
management.tcp.port = {management}
loopback_users.guest = false
log.console = true
log.file = false
"""


class RabbitMQ(Process):
    """A node; a stop, kill or pause keeps its address and data, `wipe` loses the data.

    Args:
        program: the path of rabbitmq-server, not of a wrapper that changes the user.
        port_mapper: the path of epmd, or the one that several nodes share, which somebody else stops.
        folder: takes configuration, data and logs.
        ports: held ports, PORTS of them; None takes free ones.
        node: its name in the cluster.
        settings: lines for its configuration.
        arguments: for Erlang.
    """

    def __init__(
        self,
        program: str,
        port_mapper: str | Process,
        folder: Path,
        ports: list[Port] | None = None,
        node: str = "twinpath@localhost",
        settings: str = "",
        arguments: str = "",
    ) -> None:
        self._folder = folder.resolve()
        self._ports = ports or hold_ports(PORTS)
        self.node = node
        amqp, management, distribution, mapper = (port.number for port in self._ports)
        self.amqp_port = amqp
        self.url = f"amqp://{USER}:{PASSWORD}@{HOST}:{amqp}/"
        self.management_url = f"http://{USER}:{PASSWORD}@{HOST}:{management}"
        self._mapper_port = mapper
        self._data = self._folder / "mnesia"
        self._data.mkdir(parents=True, exist_ok=True)
        (self._folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        configuration = _CONFIGURATION.format(host=HOST, amqp=amqp, management=management)
        (self._folder / "rabbitmq.conf").write_text(configuration + settings)
        self._shares_mapper = isinstance(port_mapper, Process)
        self._mapper = (
            port_mapper if isinstance(port_mapper, Process) else port_mapper_process(port_mapper, mapper, folder)
        )
        environment = self._environment(amqp, distribution, arguments)
        super().__init__("RabbitMQ", [program], folder / "rabbitmq.log", environment, self._folder)

    def start(self) -> None:
        """Start it and wait until it takes AMQP connections and its management API answers."""
        for port in self._ports:
            port.lend()
        self._mapper.start()
        self._mapper.wait_until(lambda: is_listening(self._mapper_port), limit=10)
        super().start()
        self.wait_until(lambda: answers(self.management_url), limit=90)

    def stop(self, limit: float = 30) -> None:
        """Stop the node and its port mapper; data stays."""
        super().stop(limit)
        if not self._shares_mapper:
            self._mapper.stop()

    def kill(self) -> None:
        """Kill the node as a crash would."""
        super().kill()
        if not self._shares_mapper:
            self._mapper.kill()

    def wipe(self) -> None:
        """Come back with an empty disk at the same address: no queue, message, exchange or vhost is left."""
        self.kill()
        shutil.rmtree(self._data)
        self._data.mkdir()
        self.start()

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl on this node; returns its output. Raises subprocess.CalledProcessError."""
        program = str(Path(self.command[0]).with_name("rabbitmqctl"))
        env = {**os.environ, **self.env}
        finished = subprocess.run(
            [program, *arguments], env=env, capture_output=True, text=True, check=True, timeout=60
        )
        return finished.stdout

    def _environment(self, amqp: int, distribution: int, arguments: str) -> dict[str, str]:
        """The variables without which the node would use shared places of the machine."""
        folder = str(self._folder)
        return {
            "HOME": folder,  # the Erlang cookie
            "ERL_CRASH_DUMP": f"{folder}/erl_crash.dump",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": HOST,
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_PORT": str(amqp),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self._data),
            "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/rabbitmq-env.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder}/generated",
            "RUNNING_UNDER_SYSTEMD": "true",  # the start script then becomes the node, so signals reach it
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                f"-kernel inet_dist_use_interface {{127,0,0,1}} {arguments} +sbwt none +sbwtdcpu none +sbwtdio none"
            ),
        }


def port_mapper_process(program: str, port: int, folder: Path) -> Process:
    """Erlang's port mapper. A node that finds none starts one of its own, which outlives it."""
    return Process("epmd", [program, "-port", str(port), "-address", HOST], folder / "epmd.log")


def answers(management_url: str) -> bool:
    """Whether the node takes AMQP connections and management requests."""
    url = httpx.URL(management_url)
    try:
        return httpx.get(url.join("/api/health/checks/protocol-listener/amqp"), timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
