from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support.place import Place
from unit.kpi.builders import SHANGHAI

from dealwire.kit.store import Database
from kpi_service.store import Ledger


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    database = Database(place.mongo_url, place.database("kpi"))
    yield database
    await database.stop()


@pytest.fixture
async def ledger(database: Database) -> Ledger:
    ledger = Ledger(database, SHANGHAI)
    await database.ensure_indexes()
    return ledger
