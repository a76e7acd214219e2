"""The services as processes that a test starts, kills and talks to one by one, behind a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import httpx
from prometheus_client.parser import text_string_to_metric_families
from support.place import Place

from dealwire.stack.keys import AUDIENCE, ISSUER, Keys
from dealwire.stack.plain_http import plain_client
from dealwire.stack.processes import free_port, start_all
from dealwire.stack.services import SERVICES, Replica, Services
from dealwire.stack.stack import Gateway

LEAD, PIPELINE, CONTRACT, KPI = (spec.name for spec in SERVICES)

QUICK = {
    "DEALWIRE_SWEEP_AFTER_SECONDS": "1",
    "DEALWIRE_SWEEP_INTERVAL_SECONDS": "1",
    "DEALWIRE_CLOCK_INTERVAL_SECONDS": "1",
    "DEALWIRE_TOPOLOGY_CHECK_SECONDS": "2",
    "DEALWIRE_RETRY_TIERS_SECONDS": "1,2,5,30",
}
"""Everything that waits, made quick; not quicker: a fleet that looks five times a second keeps a core busy with that
alone.
"""


class Fleet:
    """`count` replicas of each service at a place; `own` are settings of one service by its name."""

    def __init__(
        self,
        place: Place,
        folder: Path,
        *,
        count: int = 2,
        amqp_url: str | None = None,
        environment: Mapping[str, str] | None = None,
        own: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """`amqp_url` is the way to the broker, where that is not the direct one."""
        self.keys = Keys.of(folder / "keys")
        told = {
            **QUICK,
            "DEALWIRE_MONGO_URL": place.mongo_url,
            "DEALWIRE_AMQP_URL": amqp_url or place.amqp_url,
            "DEALWIRE_JWT_PUBLIC_KEY_FILE": str(self.keys.public_key_file),
            "DEALWIRE_JWT_ISSUER": ISSUER,
            "DEALWIRE_JWT_AUDIENCE": AUDIENCE,
            **(environment or {}),
        }
        self._services = {
            spec.name: Services(
                folder / "logs",
                {**told, **(own or {}).get(spec.name, {})},
                specs=[spec],
                count=count,
                database_prefix=place.prefix,
            )
            for spec in SERVICES
        }
        routes = {path: urls for services in self._services.values() for path, urls in services.routes.items()}
        self._gateway = Gateway(folder / "logs", free_port(), routes)

    @property
    def url(self) -> str:
        """The gateway, which answers 502 for a service that does not run."""
        return self._gateway.url

    def __iter__(self) -> Iterator[Replica]:
        return (replica for services in self._services.values() for replica in services)

    def of(self, service: str) -> list[Replica]:
        """The replicas of a service."""
        return self._services[service].replicas[service]

    async def start(self, *services: str) -> Self:
        """Starts these services, or all, and the gateway."""
        await start_all([*(replica for name in services or self._services for replica in self.of(name)), self._gateway])
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._gateway.stop()
        async with asyncio.TaskGroup() as stopping:
            for services in self._services.values():
                stopping.create_task(services.stop())


async def ask(replica: Replica, path: str) -> httpx.Response:
    """Asks one replica itself."""
    async with plain_client(replica.url, timeout=10) as client:
        return await client.get(path)


async def metric(replica: Replica, name: str) -> float:
    """What a replica's metric says, over all its labels."""
    families = text_string_to_metric_families((await ask(replica, "/metrics")).text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)
