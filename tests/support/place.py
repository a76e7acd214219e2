"""A corner of the shared servers that belongs to one test."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from pymongo import MongoClient

from dealwire.stack.plain_http import plain_client


class Servers(Protocol):
    """What a place is made on: `Addresses`, or an `Infra` of the embedded stack."""

    @property
    def mongo_url(self) -> str: ...
    @property
    def amqp_url(self) -> str: ...
    @property
    def management_url(self) -> str: ...


@dataclass(frozen=True)
class Place:
    """A virtual host and a prefix for database names, so that exchanges, queues and collections keep their names."""

    mongo_url: str
    amqp_url: str
    """With the virtual host in it."""
    management_url: str
    vhost: str
    prefix: str

    def database(self, name: str) -> str:
        """The name of a database of this place."""
        return self.prefix + name


@asynccontextmanager
async def new_place(servers: Servers) -> AsyncIterator[Place]:
    """A place that is empty at the start and gone at the end; close connections to it before."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    place = Place(
        mongo_url=servers.mongo_url,
        amqp_url=urlunsplit(urlsplit(servers.amqp_url)._replace(path=f"/{name}")),
        management_url=servers.management_url,
        vhost=name,
        prefix=f"{name}-",
    )
    vhost = f"/api/vhosts/{name}"
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    async with plain_client(servers.management_url) as management:
        user = urlsplit(servers.amqp_url).username
        (await management.put(vhost)).raise_for_status()
        (await management.put(f"/api/permissions/{name}/{user}", json=everything)).raise_for_status()
        try:
            yield place
        finally:
            (await management.delete(vhost)).raise_for_status()
            await asyncio.to_thread(_drop_databases, place)


def _drop_databases(place: Place) -> None:
    client: MongoClient[dict[str, Any]]
    with MongoClient(place.mongo_url) as client:
        for name in client.list_database_names():
            if name.startswith(place.prefix):
                client.drop_database(name)
