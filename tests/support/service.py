"""A service inside the test's own process, over the real database and broker of a place."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import httpx
from fastapi import FastAPI
from support.place import Place

from dealwire.kit.serve import TrustedProxy
from dealwire.kit.settings import ServiceSettings
from dealwire.stack.keys import AUDIENCE, ISSUER, Keys

S = TypeVar("S", bound=ServiceSettings)


@cache
def keys() -> Keys:
    """One key pair for the whole test run, which goes with it."""
    folder = tempfile.mkdtemp(prefix="dealwire-keys-")
    atexit.register(shutil.rmtree, folder)
    return Keys.of(Path(folder))


class Client(httpx.AsyncClient):
    """Calls a service as somebody."""

    def as_(self, sub: str, *roles: str, scopes: tuple[str, ...] = ()) -> Client:
        """The same service, called by somebody else."""
        token = keys().mint(sub, roles, scopes)
        return Client(transport=self._transport, base_url=self.base_url, headers={"Authorization": f"Bearer {token}"})


def a_settings(settings: type[S], place: Place, **more: Any) -> S:
    """Settings of a service at a place, with everything that waits made quick, but for looking, which costs each time."""
    service = settings.model_fields["service"].default
    return settings(
        mongo_url=place.mongo_url,
        mongo_database=place.database(service),
        amqp_url=place.amqp_url,
        jwt_public_key=keys().public_key_file.read_text(),
        jwt_issuer=ISSUER,
        jwt_audience=AUDIENCE,
        **{
            "sweep_after_seconds": 1.0,
            "sweep_interval_seconds": 0.5,
            "clock_interval_seconds": 0.3,
            "topology_check_seconds": 1.0,
            "retry_tiers_seconds": (1, 2),
            **more,
        },
    )


@asynccontextmanager
async def running(build: Callable[[S], FastAPI], settings: type[S], place: Place, **more: Any) -> AsyncIterator[Client]:
    """The service, ready, until the end of the block."""
    given = a_settings(settings, place, **more)
    app = build(given)
    with nothing_comes_late():
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=TrustedProxy(app, given.trusted_proxies))
            client = Client(transport=transport, base_url="http://service")
            await eventually(lambda: _is_ready(client), "the service is ready")
            yield client


@contextmanager
def nothing_comes_late() -> Iterator[None]:
    """Catching up ends without the second that is left for events on their way: nobody tells anything meanwhile."""
    with patch("dealwire.kit.inbox._LATE_SECONDS", 0.1):
        yield


async def _is_ready(client: httpx.AsyncClient) -> bool:
    return bool((await client.get("/readyz")).json().get("status") == "ready")


async def eventually(check: Callable[[], Awaitable[Any]], what: str, within: float = 20.0) -> Any:
    """Waits until `check` answers something true, and gives it back. The longer it takes, the less often it is asked."""
    begun = time.monotonic()
    while not (found := await check()):
        if (waited := time.monotonic() - begun) > within:
            raise AssertionError(f"not within {within} s: {what}")
        await asyncio.sleep(min(max(0.05, waited / 10), 1))
    return found
