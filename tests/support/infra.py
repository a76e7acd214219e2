"""Where the tests' MongoDB and RabbitMQ come from: this machine, containers, or addresses in the environment."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from pymongo import MongoClient
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from dealwire.stack.binaries import BUILD
from dealwire.stack.infra import Infra, running_state
from dealwire.stack.mongod import HISTORY_SECONDS, TRANSACTION_SECONDS, form_replica_set
from dealwire.stack.processes import Progress

MONGO_IMAGE = "mongo:7.0"
RABBITMQ_IMAGE = "rabbitmq:4.0-management"
_FOLDER = "tests-"
_STARTING_SECONDS = 300
_PLENTY = 8 * 2**30
_IN_MEMORY = Path(f"/dev/shm/dealwire-{os.getuid()}")  # noqa: S108 - used only if it is this user's own
_MONGOD = (
    "mongod --replSet rs0 --bind_ip_all"
    f" --setParameter transactionLifetimeLimitSeconds={TRANSACTION_SECONDS}"
    f" --setParameter minSnapshotHistoryWindowInSeconds={HISTORY_SECONDS}"
)
_USER, _PASSWORD = "dealwire", "for-these-tests-only"


@dataclass(frozen=True)
class Addresses:
    """A MongoDB, a RabbitMQ (any virtual host) and its management API, credentials included."""

    mongo_url: str
    amqp_url: str
    management_url: str


_NAMES = [f"DEALWIRE_TEST_{part}_URL" for part in ("MONGO", "AMQP", "MANAGEMENT")]


def are_given() -> bool:
    """Whether the environment names servers."""
    return any(name in os.environ for name in _NAMES)


@asynccontextmanager
async def given(_: Progress) -> AsyncIterator[Addresses]:
    """The servers named in DEALWIRE_TEST_MONGO_URL, DEALWIRE_TEST_AMQP_URL and DEALWIRE_TEST_MANAGEMENT_URL."""
    assert all(name in os.environ for name in _NAMES), f"{', '.join(_NAMES)} go together: set all or none"
    yield Addresses(*(os.environ[name] for name in _NAMES))


def roomy() -> Path:
    """Where tests' servers keep their data, which nobody reads again: in memory, if there is plenty.

    What they flush to a disk costs a third of their time. To a process that is killed it makes no difference.
    """
    shared = _IN_MEMORY.parent
    free = shutil.disk_usage(shared).free if shared.is_dir() and os.access(shared, os.W_OK) else 0
    if min(free, _memory()) < _PLENTY:
        return BUILD
    _IN_MEMORY.mkdir(mode=0o700, exist_ok=True)
    return _IN_MEMORY if _IN_MEMORY.stat().st_uid == os.getuid() else BUILD


def _memory() -> int:
    """Bytes of memory that this process could get."""
    limit = Path("/sys/fs/cgroup/memory.max")  # a container's
    most = limit.read_text().strip() if limit.exists() else "max"
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return free if most == "max" else min(free, int(most))


@asynccontextmanager
async def embedded(progress: Progress, root: Path = BUILD) -> AsyncIterator[Infra]:
    """Servers of one's own, to be stopped and killed, in a folder that goes with them."""
    with tempfile.TemporaryDirectory(prefix=_FOLDER, dir=root, ignore_cleanup_errors=True) as folder:
        infra = Infra(Path(folder), progress)
        await infra.start()
        try:
            yield infra
        finally:
            await _end(infra)


class OfThisRun:
    """The embedded servers of a run: the first of its workers that needs them starts them for all, and ends them when
    the others have left.
    """

    def __init__(self, run: str) -> None:
        BUILD.mkdir(exist_ok=True)
        _remove_orphans()
        places = [root / f"{_FOLDER}{run}" for root in (_IN_MEMORY, BUILD)]
        there = next((place for place in places if place.exists()), None)  # where another worker of the run put it
        self._folder = there or roomy() / f"{_FOLDER}{run}"
        self._folder.mkdir(exist_ok=True)
        self._present = (self._folder / "present").open("w")
        fcntl.flock(self._present, fcntl.LOCK_SH)
        self._infra: Infra | None = None

    @asynccontextmanager
    async def servers(self, progress: Progress) -> AsyncIterator[Addresses]:
        """Running servers. They stay when the block ends: others may need them still."""
        started = self._folder / "started.json"
        with (self._folder / "starting").open("w") as starting:
            await asyncio.to_thread(fcntl.flock, starting, fcntl.LOCK_EX)
            if not started.exists():
                infra = Infra(self._folder, progress)
                await infra.start()
                self._infra = infra
                addresses = Addresses(infra.mongo_url, infra.amqp_url, infra.management_url)
                started.write_text(json.dumps(asdict(addresses)))
        yield Addresses(**json.loads(started.read_text()))

    def leave(self) -> None:
        """End for this worker; the one that started the servers waits here for the others."""
        with self._present:
            if self._infra is None:
                return
            fcntl.flock(self._present, fcntl.LOCK_EX)
            asyncio.run(_end(self._infra))
            shutil.rmtree(self._folder, ignore_errors=True)


async def _end(infra: Infra) -> None:
    # Nobody will read the data again, so there is no need to close it with care.
    await asyncio.gather(infra.mongod.kill(), infra.broker.kill())
    await infra.stop()


def _remove_orphans() -> None:
    """Removes the data of runs that were killed; that of others, or of one that is just starting, stays."""
    for folder in (*_IN_MEMORY.glob(f"{_FOLDER}*"), *BUILD.glob(f"{_FOLDER}*")):
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > _STARTING_SECONDS and running_state(folder) is None:
                shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def containers(progress: Progress) -> AsyncIterator[Addresses]:
    """The public images; the containers are removed at the end.

    Their host need not be this one, and services trust no other without credentials.
    """
    progress(f"starting {MONGO_IMAGE} and {RABBITMQ_IMAGE}")
    testcontainers_config.ryuk_disabled = True  # a third image; `with` removes the containers as well
    mongo = DockerContainer(MONGO_IMAGE).with_command(_MONGOD).with_exposed_ports(27017)
    rabbitmq = (
        DockerContainer(RABBITMQ_IMAGE)
        .with_exposed_ports(5672, 15672)
        .with_envs(RABBITMQ_DEFAULT_USER=_USER, RABBITMQ_DEFAULT_PASS=_PASSWORD)
    )
    with mongo, rabbitmq:
        mongo_at = f"{mongo.get_container_host_ip()}:{mongo.get_exposed_port(27017)}/?directConnection=true"
        await _until(lambda: form_replica_set(f"mongodb://{mongo_at}", "localhost:27017"), MONGO_IMAGE)
        await asyncio.to_thread(_create_user, f"mongodb://{mongo_at}")
        host = rabbitmq.get_container_host_ip()
        addresses = Addresses(
            f"mongodb://{_USER}:{_PASSWORD}@{mongo_at}",
            f"amqp://{_USER}:{_PASSWORD}@{host}:{rabbitmq.get_exposed_port(5672)}/",
            f"http://{_USER}:{_PASSWORD}@{host}:{rabbitmq.get_exposed_port(15672)}",
        )
        await _until(lambda: _listens(addresses.management_url), RABBITMQ_IMAGE)
        yield addresses


def _create_user(mongo_url: str) -> None:
    with MongoClient[dict[str, Any]](mongo_url) as client:
        client.admin.command("createUser", _USER, pwd=_PASSWORD, roles=["root"])


def _listens(management_url: str) -> bool:
    try:
        return httpx.get(f"{management_url}/api/health/checks/port-listener/5672", timeout=2).is_success
    except httpx.HTTPError:
        return False


async def _until(ready: Callable[[], bool], what: str, patience: float = 180.0) -> None:
    deadline = time.monotonic() + patience
    while not await asyncio.to_thread(ready):
        assert time.monotonic() < deadline, f"{what} was not ready after {patience:.0f} s"
        await asyncio.sleep(0.2)
