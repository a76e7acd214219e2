"""RabbitMQ as a private node: nothing of it is shared with a broker this machine may run as a service."""

from __future__ import annotations

from pathlib import Path

from dealwire.stack.plain_http import succeeds
from dealwire.stack.processes import Process, accepts_connections, free_port

_CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
heartbeat = 10
disk_free_limit.absolute = 200MB
raft.wal_max_size_bytes = 67108864
"""


class Broker(Process):
    """`rabbitmq-server` with its management API on loopback ports, with its data under a folder.

    `stop` and `start` take it away and bring it back on the same ports with everything it kept.
    """

    def __init__(self, program: Path, folder: Path, amqp_port: int, management_port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rabbitmq.conf").write_text(_CONFIG.format(amqp=amqp_port, management=management_port))
        (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        self.url = f"amqp://guest:guest@127.0.0.1:{amqp_port}/"
        self.management_url = f"http://guest:guest@127.0.0.1:{management_port}"
        self._amqp_port = amqp_port
        names_port = free_port()
        names = {"ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(names_port), "HOME": str(folder)}
        self._names = Process(
            "epmd", ["epmd"], log=folder / "epmd.log", env=names, ready=lambda: accepts_connections(names_port)
        )
        super().__init__(
            "RabbitMQ",
            [program],
            log=folder / "rabbitmq.log",
            ready=self._listens,
            env={
                **names,  # HOME is also where the Erlang cookie is
                "RABBITMQ_NODENAME": "dealwire@localhost",
                "RABBITMQ_MNESIA_BASE": str(folder / "data"),
                "RABBITMQ_LOG_BASE": str(folder),
                "RABBITMQ_LOGS": "-",
                "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
                "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
                "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
                "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
                "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "config"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
                "RABBITMQ_DIST_PORT": str(free_port()),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
                "RABBITMQ_SCHEDULER_BIND_TYPE": "u",  # other programs use the same cores
                "RUNNING_UNDER_SYSTEMD": "true",  # no shell in between: our child is the server itself
            },
        )

    async def start(self) -> None:
        """Start Erlang's name service, under its own port so that it ends with us, then the node."""
        await self._names.start()
        await super().start()

    async def stop(self, grace: float = 30.0) -> None:
        """Stop the node, then its name service. Takes six seconds, five of which its management plugin waits.

        Killing it sooner would be worse: RabbitMQ 3.10 loses a quorum queue that is younger than a few seconds.
        """
        await super().stop(grace)
        await self._names.kill()

    async def kill(self) -> None:
        """End the node and its name service at once."""
        await super().kill()
        await self._names.kill()

    async def _listens(self) -> bool:
        return await succeeds(f"{self.management_url}/api/health/checks/port-listener/{self._amqp_port}")
