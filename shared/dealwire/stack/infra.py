"""MongoDB and RabbitMQ together, under one folder."""

from __future__ import annotations

import asyncio
import fcntl
import json
from pathlib import Path
from typing import Any, Self, TextIO

from dealwire.stack import binaries
from dealwire.stack.mongod import Mongod
from dealwire.stack.processes import Progress, StackError, free_port, start_all
from dealwire.stack.rabbitmq import Broker

_PORTS = ("mongodb", "amqp", "management")


class Infra:
    """A MongoDB and a RabbitMQ of one's own; both keep their data under the folder from one start to the next.

    The ports are free ones chosen at the first start and kept while they stay free. A folder serves one Infra at a
    time; `running_state` tells others where it is.
    """

    mongod: Mongod
    broker: Broker

    def __init__(self, folder: Path, progress: Progress = lambda _: None) -> None:
        self.folder = folder.resolve()
        self._progress = progress
        self._lock: TextIO | None = None
        self._parts: tuple[Mongod | Broker, ...] = ()

    @property
    def mongo_url(self) -> str:
        """Of a replica set, without credentials: it listens on loopback only."""
        return self.mongod.url

    @property
    def amqp_url(self) -> str:
        """Of the default virtual host, as `guest`, which RabbitMQ admits from loopback only."""
        return self.broker.url

    @property
    def management_url(self) -> str:
        """Of RabbitMQ's management API and console, with credentials."""
        return self.broker.management_url

    async def start(self) -> None:
        """Start both at once; StackError says what is missing or failed."""
        self.take_folder()
        try:
            mongod, rabbitmq = await binaries.provide(self._progress)
            ports = self._choose_ports()
            self.mongod = Mongod(mongod, self.folder / "mongodb", ports["mongodb"])
            self.broker = Broker(rabbitmq, self.folder / "rabbitmq", ports["amqp"], ports["management"])
            self._parts = (self.mongod, self.broker)
            self._progress("starting MongoDB and RabbitMQ")
            await start_all(self._parts)
        except BaseException:
            await self.stop()
            raise
        self.publish(mongo_url=self.mongo_url, amqp_url=self.amqp_url, management_url=self.management_url)

    async def stop(self) -> None:
        """Stop what runs; the data stays."""
        await asyncio.gather(*(part.stop() for part in self._parts))
        self._give_back()

    async def kill(self) -> None:
        """End both as a power cut would."""
        await asyncio.gather(*(part.kill() for part in self._parts))
        self._give_back()

    def publish(self, **facts: object) -> None:
        """Add to what `running_state` answers."""
        state = self.folder / "state.json"
        state.write_text(json.dumps(_read(state) | facts, indent=2))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def take_folder(self) -> None:
        """Make the folder this one's own until it stops; StackError when it is another's."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "lock").open("w")
        if not _locks(self._lock):
            self._give_back()
            raise StackError(f"A stack runs in {self.folder} already. Use that one, or stop it (Ctrl-C where it runs).")

    def _give_back(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None

    def _choose_ports(self) -> dict[str, int]:
        last = _read(self.folder / "state.json").get("ports", {})
        ports = {name: free_port(last.get(name)) for name in _PORTS}
        (self.folder / "state.json").write_text(json.dumps({"ports": ports}))
        return ports


def running_state(folder: Path) -> dict[str, Any] | None:
    """What the stack running in the folder has published: `mongo_url`, `amqp_url`, `management_url` and, when it has
    services, `url` of the gateway and `services` (addresses of the replicas by name). None when none runs there.
    """
    lock = folder / "lock"
    if not lock.exists():
        return None
    with lock.open() as file:
        return None if _locks(file) else _read(folder / "state.json")


def _locks(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(state: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(state.read_text()) if state.exists() else {}
    return facts
