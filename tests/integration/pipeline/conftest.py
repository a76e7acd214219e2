from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from integration.pipeline.desk import Desk, a_desk
from support.place import Place, Servers, new_place


@pytest.fixture(scope="module")
async def desk(infra: Servers) -> AsyncIterator[Desk]:
    """pipeline-service for all tests of a module; each works on deals of its own."""
    async with new_place(infra) as place, a_desk(place) as desk:
        yield desk


@pytest.fixture
async def empty_desk(place: Place) -> AsyncIterator[Desk]:
    """pipeline-service for one test that looks at everything there is."""
    async with a_desk(place) as desk:
        yield desk
