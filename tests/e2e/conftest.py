"""All of Dealwire, as a client sees it: the stack of this run, or one that runs elsewhere (`--url`, `--keys`)."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from support.department import Department
from support.place import Servers, new_place

from dealwire.stack.keys import Keys
from dealwire.stack.stack import FOLDER, Stack


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers | None:
    """Where the stack of this run keeps its data; None when another Dealwire was named."""
    return None if request.config.getoption("--url") else request.getfixturevalue("infra")


@pytest.fixture(scope="session")
async def department(request: pytest.FixtureRequest, servers: Servers | None) -> AsyncIterator[Department]:
    """A sales department to work in. Tests share it, so each works with people and customers of its own."""
    if servers is None:
        keys = Path(request.config.getoption("--keys") or FOLDER / "keys")
        async with aclosing(Department(request.config.getoption("--url").rstrip("/"), Keys(keys))) as there:
            yield there
        return
    async with a_department(servers) as here:
        yield here


@asynccontextmanager
async def a_department(servers: Servers) -> AsyncIterator[Department]:
    """A stack that nobody else knows of."""
    async with new_place(servers) as place:
        with tempfile.TemporaryDirectory(prefix="dealwire-e2e-") as folder:
            stack = Stack(Path(folder), port=None, servers=place, database_prefix=place.prefix)
            async with stack, aclosing(Department(stack.url, stack.keys)) as here:
                yield here
