from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from integration.contract.office import Office
from support.events import a_publisher
from support.place import Servers, new_place
from support.service import running

from contract_service.main import build
from contract_service.settings import ContractSettings


@pytest.fixture(scope="module")
async def office(infra: Servers) -> AsyncIterator[Office]:
    """One service for all tests of a file: every test works on contracts of its own."""
    async with (
        new_place(infra) as place,
        running(build, ContractSettings, place) as client,
        a_publisher(place) as bus,
    ):
        yield Office(client, bus)
