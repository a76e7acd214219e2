"""MongoDB as a replica set of one member: transactions and majority writes as in production."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from dealwire.stack.processes import Process

_REPLICA_SET = "rs0"

TRANSACTION_SECONDS = 10
"""How long a transaction may take, and so how long one of a replica that was killed can hold up the others."""

HISTORY_SECONDS = 1
"""How long earlier versions of a document are kept for reading the past, which nobody here does (docs/decisions/0019)."""


class Mongod(Process):
    """`mongod` on a loopback port, with its data under a folder."""

    def __init__(self, program: Path, folder: Path, port: int) -> None:
        data = folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self._host = f"127.0.0.1:{port}"
        super().__init__(
            "MongoDB",
            [
                program,
                *("--dbpath", data, "--replSet", _REPLICA_SET),
                *("--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket", "--quiet"),
                *("--wiredTigerCacheSizeGB", "0.5", "--oplogSize", "512"),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                *("--setParameter", f"transactionLifetimeLimitSeconds={TRANSACTION_SECONDS}"),
                *("--setParameter", f"minSnapshotHistoryWindowInSeconds={HISTORY_SECONDS}"),
            ],
            log=folder / "mongod.log",
            ready=self._is_primary,
        )

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"mongodb://{self._host}/?directConnection=true"

    async def _is_primary(self) -> bool:
        return await asyncio.to_thread(form_replica_set, self.url, self._host)


def form_replica_set(url: str, host: str) -> bool:
    """Whether the server at the URL leads a replica set of its own; when not yet, one step towards it.

    The set remembers the address of its member, so data taken up again on another port is told the new one.
    """
    client: MongoClient[dict[str, Any]]
    with MongoClient(url, serverSelectionTimeoutMS=500, connectTimeoutMS=500) as client:
        try:
            if not client.admin.command("hello").get("setName"):
                _configure(client, host)
            return bool(client.admin.command("hello")["isWritablePrimary"])
        except PyMongoError:
            return False


def _configure(client: MongoClient[dict[str, Any]], host: str) -> None:
    config = client.local["system.replset"].find_one({})
    if config is None:
        members = [{"_id": 0, "host": host}]
        client.admin.command("replSetInitiate", {"_id": _REPLICA_SET, "members": members})
    elif config["members"][0]["host"] != host:
        config["members"][0]["host"] = host
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)
