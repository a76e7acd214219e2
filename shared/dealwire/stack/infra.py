"""MongoDB and RabbitMQ together, under one folder."""

from __future__ import annotations

import asyncio
import fcntl
import json
from pathlib import Path
from typing import Self, TextIO

from dealwire.stack import binaries
from dealwire.stack.mongod import Mongod
from dealwire.stack.processes import Progress, StackError, free_port
from dealwire.stack.rabbitmq import Broker


class Infra:
    """A MongoDB and a RabbitMQ of one's own; both keep their data under the folder from one start to the next.

    The ports are free ones chosen at the first start and kept while they stay free; `state.json` in the folder tells
    them to others. A folder serves one Infra at a time.
    """

    mongod: Mongod
    broker: Broker

    def __init__(self, folder: Path, progress: Progress = lambda _: None) -> None:
        self.folder = folder.resolve()
        self._progress = progress
        self._lock: TextIO | None = None

    @property
    def mongo_url(self) -> str:
        return self.mongod.url

    @property
    def amqp_url(self) -> str:
        return self.broker.url

    @property
    def management_url(self) -> str:
        return self.broker.management_url

    async def start(self) -> None:
        """Start both at once; StackError says what is missing or failed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._take_folder()
        try:
            mongod, rabbitmq = await binaries.provide(self._progress)
            ports = self._choose_ports()
            self.mongod = Mongod(mongod, self.folder / "mongodb", ports["mongodb"])
            self.broker = Broker(rabbitmq, self.folder / "rabbitmq", ports["amqp"], ports["management"])
            self._progress("starting MongoDB and RabbitMQ")
            async with asyncio.TaskGroup() as starting:
                starting.create_task(self.mongod.start())
                starting.create_task(self.broker.start())
        except BaseException as failure:
            await self.stop()
            if isinstance(failure, BaseExceptionGroup):
                raise failure.exceptions[0] from failure
            raise

    async def stop(self) -> None:
        """Stop what runs; the data stays."""
        await asyncio.gather(
            *(part.stop() for part in (self.__dict__.get("mongod"), self.__dict__.get("broker")) if part)
        )
        if self._lock:
            self._lock.close()
            self._lock = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _take_folder(self) -> None:
        self._lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"A stack already runs in {self.folder}; its addresses are in state.json there.") from None

    def _choose_ports(self) -> dict[str, int]:
        state = self.folder / "state.json"
        last = json.loads(state.read_text())["ports"] if state.exists() else {}
        ports = {name: free_port(last.get(name)) for name in ("mongodb", "amqp", "management")}
        state.write_text(json.dumps({"ports": ports}, indent=2))
        return ports
