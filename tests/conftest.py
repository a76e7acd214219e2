"""Servers for the tests that need them, started when the first such test runs."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping

import hypothesis
import pytest
import uvloop
from support.infra import OfThisRun, are_given, containers, given
from support.place import Place, Servers, new_place

from dealwire.stack.binaries import provide
from dealwire.stack.processes import Progress

# How long an example takes says something about the machine and who else is on it, not about the rule.
hypothesis.settings.register_profile("dealwire", deadline=None)
hypothesis.settings.load_profile("dealwire")

_EMBEDDED = pytest.StashKey[OfThisRun]()
_OBJECTS_BETWEEN_COLLECTIONS = 100_000


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dealwire")
    group.addoption(
        "--infra",
        choices=("embedded", "containers"),
        default="embedded",
        help="where MongoDB and RabbitMQ come from (DEALWIRE_TEST_{MONGO,AMQP,MANAGEMENT}_URL win over this)",
    )
    group.addoption("--url", help="the gateway of a running Dealwire, for tests/e2e")
    group.addoption("--keys", help="the folder with the key pair of its tokens (default: the embedded stack's)")


def pytest_configure() -> None:
    """SIGTERM ends a run the way Ctrl-C does, so that its servers and their data go with it.

    A run in the background may have been told to ignore Ctrl-C, and have no terminal: what it starts must not.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["COLUMNS"] = "200"
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)  # as in services: what is imported stays, and is no garbage


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The event loop that the services run on."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch and install what is missing before the first test: its time limit is not meant for that."""
    gc.freeze()  # what the tests have imported, too
    wanted = {"infra"} if session.config.getoption("--url") else {"infra", "servers"}
    needed = any(wanted & set(getattr(item, "fixturenames", ())) for item in session.items)
    if not needed or session.config.option.collectonly or are_given():
        return
    if session.config.getoption("--infra") == "embedded":
        asyncio.run(provide(_speaker(session.config)))
        session.config.stash[_EMBEDDED] = OfThisRun(os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid())))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if embedded := session.config.stash.get(_EMBEDDED, None):
        embedded.leave()


@pytest.fixture(scope="session")
async def infra(request: pytest.FixtureRequest) -> AsyncIterator[Servers]:
    """MongoDB (a replica set) and RabbitMQ for the whole run. Tests take `place`, a corner of it."""
    embedded = request.config.stash.get(_EMBEDDED, None)
    start = embedded.servers if embedded else given if are_given() else containers
    async with start(_speaker(request.config)) as servers:
        yield servers


@pytest.fixture
async def place(infra: Servers) -> AsyncIterator[Place]:
    """An empty virtual host and database-name prefix for one test."""
    async with new_place(infra) as place:
        yield place


def _speaker(config: pytest.Config) -> Progress:
    """Says to the person waiting what takes time, whatever pytest captures."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def say(text: str) -> None:
        if terminal and capture:
            with capture.global_and_fixture_disabled():
                terminal.write_line(f"\n[infra] {text}")

    return say
