from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.place import Place, Servers, new_place
from support.service import Client, running
from unit.kpi.builders import SHANGHAI

from dealwire.catalogue.common import Role
from dealwire.kit.store import Database
from kpi_service.main import build
from kpi_service.settings import KpiSettings
from kpi_service.store import SERVICE
from kpi_service.store.ledger import Ledger


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    """The database of kpi-service at this place."""
    async with _database(place) as database:
        yield database


@pytest.fixture
async def ledger(database: Database) -> Ledger:
    return await _ledger(database)


@pytest.fixture(scope="module")
async def shared(infra: Servers) -> AsyncIterator[Place]:
    """One place for all tests of a file that keep out of each other's way: starting a service takes a second."""
    async with new_place(infra) as place:
        yield place


@pytest.fixture(scope="module")
async def kpi(shared: Place) -> AsyncIterator[Client]:
    """kpi-service at the shared place, called by sales operations."""
    async with running(build, KpiSettings, shared) as client:
        yield client.as_("so.zhao", Role.SO)


@pytest.fixture(scope="module")
async def shared_database(shared: Place) -> AsyncIterator[Database]:
    """The database of that service."""
    async with _database(shared) as database:
        yield database


@pytest.fixture(scope="module")
async def shared_ledger(shared_database: Database) -> Ledger:
    return await _ledger(shared_database)


@asynccontextmanager
async def _database(place: Place) -> AsyncIterator[Database]:
    database = Database(place.mongo_url, place.database(SERVICE))
    yield database
    await database.stop()


async def _ledger(database: Database) -> Ledger:
    ledger = Ledger(database, SHANGHAI)
    await database.ensure_indexes()
    return ledger
