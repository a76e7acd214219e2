"""All of Dealwire on this machine: MongoDB, RabbitMQ, the services and the gateway in front of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol, Self

from dealwire.stack.binaries import BUILD
from dealwire.stack.infra import Infra
from dealwire.stack.keys import AUDIENCE, ISSUER, Keys
from dealwire.stack.processes import Progress, StackError, accepts_connections, free_port, start_all
from dealwire.stack.services import SERVICES, Services, ServiceSpec
from dealwire.stack.warm import PythonProcess, warm_up

FOLDER = BUILD / "stack"
"""Where a stack keeps its data, keys, logs and state when nothing else is said."""

PORT = 8080
"""Where the gateway listens when nothing else is said."""


class Servers(Protocol):
    """A MongoDB and a RabbitMQ that services can use."""

    @property
    def mongo_url(self) -> str: ...
    @property
    def amqp_url(self) -> str: ...


class Gateway(PythonProcess):
    """`dealwire.stack.gateway` as a child process."""

    def __init__(self, folder: Path, port: int, routes: Mapping[str, Sequence[str]]) -> None:
        self.url = f"http://localhost:{port}"
        super().__init__(
            "the gateway",
            "dealwire.stack.gateway",
            str(port),
            json.dumps(routes),
            log=folder / "gateway.log",
            ready=lambda: accepts_connections(port),
            imports=["dealwire.kit.web.problems", "dealwire.stack.plain_http"],
        )


class Stack:
    """Everything, started in order and stopped in the opposite one.

    `infra` is there only when the stack was not given servers that already run.
    """

    infra: Infra | None = None
    services: Services
    gateway: Gateway

    def __init__(
        self,
        folder: Path = FOLDER,
        *,
        port: int | None = PORT,
        count: int = 1,
        environment: Mapping[str, str] | None = None,
        told: Mapping[str, Mapping[str, str]] | None = None,
        servers: Servers | None = None,
        database_prefix: str = "",
        specs: Sequence[ServiceSpec] = SERVICES,
        progress: Progress = lambda _: None,
    ) -> None:
        """`port` is the gateway's, None for any free one; `count` replicas of each service are run, with
        `environment` (DEALWIRE_…) added to what they are told anyway, and what `told` has for one by its name.
        """
        self.folder = folder.resolve()
        self._port = port
        self._count = count
        self._environment = dict(environment or {})
        self._told_more = told
        self._servers = servers
        self._database_prefix = database_prefix
        self._specs = specs
        self._progress = progress
        self._running = AsyncExitStack()

    @property
    def url(self) -> str:
        """Where the gateway listens: the services are below it, at their paths."""
        return self.gateway.url

    async def start(self) -> None:
        """Start everything; StackError, after which nothing is left running, says what to do."""
        port = self._gateway_port()
        warm_up(module for spec in self._specs for module in spec.imports)  # beside the servers, which take longer
        async with AsyncExitStack() as running:
            servers = self._servers
            if servers is None:
                servers = self.infra = await running.enter_async_context(Infra(self.folder, self._progress))
            self.keys = Keys.of(self.folder / "keys")
            self.services = Services(
                self.folder / "logs",
                {**self._told(servers), **self._environment},
                specs=self._specs,
                count=self._count,
                database_prefix=self._database_prefix,
                told=self._told_more,
            )
            self.gateway = Gateway(self.folder / "logs", port, self.services.routes)
            running.push_async_callback(self.services.stop)
            running.push_async_callback(self.gateway.stop)
            self._progress(f"starting {', '.join(spec.name for spec in self._specs)}")
            await start_all([*self.services, self.gateway])
            if self.infra:
                self.infra.publish(url=self.url, services=self.services.urls)
            self._running = running.pop_all()

    async def stop(self) -> None:
        """Stop everything; the data stays in the folder."""
        self._progress("stopping")
        await self._running.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _gateway_port(self) -> int:
        port = free_port(self._port)
        if self._port not in (None, port):
            raise StackError(
                f"Port {self._port} is taken. Stop what listens there (ss -ltnp), or choose another with --port."
            )
        return port

    def _told(self, servers: Servers) -> dict[str, str]:
        return {
            "DEALWIRE_MONGO_URL": servers.mongo_url,
            "DEALWIRE_AMQP_URL": servers.amqp_url,
            "DEALWIRE_JWT_PUBLIC_KEY_FILE": str(self.keys.public_key_file),
            "DEALWIRE_JWT_ISSUER": ISSUER,
            "DEALWIRE_JWT_AUDIENCE": AUDIENCE,
        }
