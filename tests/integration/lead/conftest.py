from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from integration.lead.backstage import Backstage, a_backstage
from integration.lead.desk import Desk, a_desk
from support.place import Servers, new_place


@pytest.fixture(scope="module")
async def desk(infra: Servers) -> AsyncIterator[Desk]:
    """One lead-service for all tests of a module: each makes leads of its own."""
    async with new_place(infra) as place, a_desk(place) as desk:
        yield desk


@pytest.fixture(scope="module")
async def untouched(infra: Servers) -> AsyncIterator[Desk]:
    """One lead-service for all that is refused in a module: what it goes by has never been changed."""
    async with new_place(infra) as place, a_desk(place) as desk:
        yield desk


@pytest.fixture(scope="module")
async def backstage(infra: Servers) -> AsyncIterator[Backstage]:
    """The handlers of one lead-service for all tests of a module that call them without HTTP."""
    async with new_place(infra) as place, a_backstage(place) as backstage:
        yield backstage
