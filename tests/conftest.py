"""Servers for the tests that need them, started when the first such test runs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import hypothesis
import pytest
from support.infra import are_given, containers, embedded, given
from support.place import Place, Servers, new_place

from dealwire.stack.binaries import provide
from dealwire.stack.processes import Progress

# How long an example takes says something about the machine and who else is on it, not about the rule.
hypothesis.settings.register_profile("dealwire", deadline=None)
hypothesis.settings.load_profile("dealwire")


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


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch and install what is missing before the first test: its time limit is not meant for that."""
    wanted = {"infra"} if session.config.getoption("--url") else {"infra", "servers"}
    needed = any(wanted & set(getattr(item, "fixturenames", ())) for item in session.items)
    if needed and not session.config.option.collectonly and _source(session.config) is embedded:
        asyncio.run(provide(_speaker(session.config)))


@pytest.fixture(scope="session")
async def infra(request: pytest.FixtureRequest) -> AsyncIterator[Servers]:
    """MongoDB (a replica set) and RabbitMQ for the whole run. Tests take `place`, a corner of it."""
    async with _source(request.config)(_speaker(request.config)) as servers:
        yield servers


@pytest.fixture
async def place(infra: Servers) -> AsyncIterator[Place]:
    """An empty virtual host and database-name prefix for one test."""
    async with new_place(infra) as place:
        yield place


def _source(config: pytest.Config) -> Callable[[Progress], AbstractAsyncContextManager[Servers]]:
    if are_given():
        return given
    return embedded if config.getoption("--infra") == "embedded" else containers


def _speaker(config: pytest.Config) -> Progress:
    """Says to the person waiting what takes time, whatever pytest captures."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def say(text: str) -> None:
        if terminal and capture:
            with capture.global_and_fixture_disabled():
                terminal.write_line(f"\n[infra] {text}")

    return say
