"""`dealwire setup database` on a MongoDB that asks everybody who they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from support.cli import Ran, dealwire, run
from support.place import Place
from support.service import running

from dealwire.catalogue import PUBLISHED
from dealwire.catalogue.common import Role
from dealwire.stack.binaries import provide
from dealwire.stack.processes import Process, free_port
from lead_service.main import build
from lead_service.settings import LeadSettings

Client = MongoClient[dict[str, Any]]
_UNAUTHORIZED = 13


@pytest.fixture(scope="module")
async def secrets(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """A server as the public image starts one: an administrator, a key file, a replica set that is to be formed."""
    folder = tmp_path_factory.mktemp("database")
    secrets, data, port = folder / "secrets", folder / "data", free_port()
    data.mkdir()
    hosts = ("--mongo-host", f"127.0.0.1:{port}", "--broker-host", "127.0.0.1:1")
    assert run("setup", "secrets", secrets, *hosts).status == 0
    program, _ = await provide(lambda _: None)
    command: list[str | Path] = [
        program,
        "--dbpath",
        data,
        "--port",
        str(port),
        "--bind_ip",
        "127.0.0.1",
        "--nounixsocket",
    ]

    async def answers() -> bool:
        return await asyncio.to_thread(_answers, port)

    first = Process("MongoDB", command, log=folder / "mongod.log", ready=answers)
    await first.start()
    client: Client
    with MongoClient(f"mongodb://127.0.0.1:{port}/") as client:
        password = (secrets / "mongo" / "admin-password").read_text()
        client.admin.command("createUser", "admin", pwd=password, roles=["root"])
    await first.stop()
    with_users: list[str | Path] = [*command, "--replSet", "rs0", "--keyFile", secrets / "mongo" / "key-file"]
    server = Process("MongoDB", with_users, log=folder / "mongod.log", ready=answers)
    await server.start()
    try:
        yield secrets
    finally:
        await server.kill()


@pytest.fixture
async def prepared(secrets: Path) -> Path:
    ran = await setup(secrets)
    assert (ran.status, ran.err) == (0, "")
    return secrets


def _answers(port: int) -> bool:
    client: Client
    with MongoClient(f"mongodb://127.0.0.1:{port}/", directConnection=True, serverSelectionTimeoutMS=300) as client:
        try:
            client.admin.command("hello")
        except PyMongoError:
            return False
        return True


async def setup(secrets: Path) -> Ran:
    return await dealwire("setup", "database", secrets)


def url_of(secrets: Path, service: str) -> str:
    return (secrets / service / "dealwire_mongo_url").read_text()


async def test_it_forms_the_replica_set_makes_the_users_and_again_changes_nothing(secrets: Path) -> None:
    users = [f"user {service}, of the database {service}" for service in PUBLISHED]
    assert (await setup(secrets)).out.splitlines() == ["replica set rs0", *users]
    assert (await setup(secrets)).out.splitlines() == users


async def test_a_service_works_with_its_rights(prepared: Path, place: Place) -> None:
    own = replace(place, mongo_url=url_of(prepared, "lead-service"), prefix="")
    async with running(build, LeadSettings, own) as client:
        told = {"company": "Acme", "contact": {"name": "Ann", "email": "ann@example.com"}, "channel": "expo"}
        assert (await client.as_("so.zhao", Role.SO).post("/v1/leads", json=told)).status_code == 201


@pytest.mark.parametrize(
    "attempt",
    [
        lambda client: client["kpi-service"].facts.find_one(),
        lambda client: client["kpi-service"].facts.update_one({}, {"$set": {"x": 1}}),
        lambda client: client["kpi-service"].facts.drop(),
        lambda client: client.drop_database("kpi-service"),
        lambda client: client.admin.command("usersInfo"),
        lambda client: client["lead-service"].command("createUser", "me", pwd="x", roles=["readWrite"]),
        lambda client: client["lead-service"].command(
            "updateUser", "lead-service", roles=[{"role": "root", "db": "admin"}]
        ),
        lambda client: client.admin.command("shutdown"),
    ],
)
async def test_a_service_may_do_nothing_but_use_its_database(
    attempt: Callable[[Client], object], prepared: Path
) -> None:
    client: Client
    with MongoClient(url_of(prepared, "lead-service")) as client:
        client["lead-service"].notes.update_one({}, {"$set": {"text": "own"}}, upsert=True)
        with pytest.raises(OperationFailure) as refused:
            attempt(client)
    assert refused.value.code == _UNAUTHORIZED


async def test_a_new_password_replaces_the_old_one(prepared: Path) -> None:
    file = prepared / "lead-service" / "dealwire_mongo_url"
    before = file.read_text()
    after = before.replace(before.split(":")[2].split("@")[0], "another")
    file.chmod(0o600)
    file.write_text(after)
    ran = await setup(prepared)
    assert ran.status == 0
    assert "another" not in ran.out
    client: Client
    with MongoClient(after) as client:
        client["lead-service"].notes.find_one()
    with MongoClient(before) as client, pytest.raises(OperationFailure):
        client["lead-service"].notes.find_one()


async def test_a_wrong_password_of_the_administrator_is_told_in_a_sentence(prepared: Path) -> None:
    file = prepared / "mongo" / "admin-password"
    right = file.read_text()
    file.chmod(0o600)
    file.write_text("wrong")
    try:
        ran = await setup(prepared)
    finally:
        file.write_text(right)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("MongoDB at 127.0.0.1:")
    assert "Authentication failed" in ran.err
