"""Preparing a MongoDB: a replica set, and for each service a user that can do nothing but use the service's database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from dealwire.cli.console import Failure
from dealwire.cli.secret_files import Account

_PATIENCE_SECONDS = 60
_POLL_SECONDS = 0.5

Client = MongoClient[dict[str, Any]]


def prepare_database(hosts: str, administrator: tuple[str, str], accounts: Sequence[Account]) -> Iterator[str]:
    """Does what is not done yet, and answers what it did. Raises Failure."""
    replica_set = accounts[0].options.get("replicaSet")
    try:
        if replica_set:
            yield from _form_replica_set(hosts.partition(",")[0], administrator, replica_set)
        with _client(hosts, administrator, replicaSet=replica_set) as client:
            for account in accounts:
                yield _account(client, account)
    except PyMongoError as error:
        raise Failure(f"MongoDB at {hosts} cannot be prepared: {error}.") from None


def _form_replica_set(host: str, administrator: tuple[str, str], name: str) -> Iterator[str]:
    """A server that is meant for a replica set, and is in none, becomes one of its own."""
    with _client(host, administrator, directConnection=True) as client:
        if client.admin.command("hello").get("setName"):
            return
        client.admin.command("replSetInitiate", {"_id": name, "members": [{"_id": 0, "host": host}]})
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not client.admin.command("hello").get("isWritablePrimary"):
            if time.monotonic() > deadline:
                raise Failure(f"The replica set {name} has no primary after {_PATIENCE_SECONDS} s.")
            time.sleep(_POLL_SECONDS)
    yield f"replica set {name}"


def _account(client: Client, account: Account) -> str:
    database = client[account.options.get("authSource", account.place)]
    known = database.command("usersInfo", account.user)["users"]
    database.command(
        "updateUser" if known else "createUser",
        account.user,
        pwd=account.password,
        roles=[{"role": "readWrite", "db": account.place}],
    )
    return f"user {account.user}, of the database {account.place}"


def _client(hosts: str, administrator: tuple[str, str], **options: Any) -> Client:
    user, password = administrator
    return MongoClient(
        f"mongodb://{hosts}/",
        username=user,
        password=password,
        serverSelectionTimeoutMS=1000 * _PATIENCE_SECONDS,
        **options,
    )
