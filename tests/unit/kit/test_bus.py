from __future__ import annotations

import asyncio
from typing import Any

import aio_pika
import pytest

from dealwire.kit.bus import Bus, unless_lost
from dealwire.stack.processes import free_port


async def test_a_connection_that_could_not_be_made_is_closed_and_not_left_to_the_garbage_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which may run in a thread without an event loop, where nothing can be closed."""
    made: list[aio_pika.Connection] = []

    class Noted(aio_pika.Connection):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            made.append(self)

    monkeypatch.setattr(aio_pika, "Connection", Noted)
    bus = Bus(f"amqp://guest:guest@127.0.0.1:{free_port()}/", "lead-service")
    await bus.start()
    async with asyncio.timeout(10):
        while len(made) < 2:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.01)
    await bus.stop()
    assert all(connection.is_closed for connection in made)


@pytest.mark.parametrize(
    ("fault", "told"), [(Exception(), aio_pika.exceptions.AMQPConnectionError), (ValueError("mine"), ValueError)]
)
async def test_a_channel_closed_without_a_reason_was_lost_and_other_faults_stay_what_they_are(
    fault: Exception, told: type[Exception]
) -> None:
    """A confirmation that was waited for fails with no more than `Exception` then."""
    confirmation: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    confirmation.set_exception(fault)
    with pytest.raises(told) as raised:
        await unless_lost(confirmation)
    assert type(raised.value) is told
