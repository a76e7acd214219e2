from __future__ import annotations

import asyncio
from time import perf_counter

from dealwire.kit.traffic import Traffic


async def test_what_can_wait_goes_on_as_soon_as_no_request_is_being_answered() -> None:
    traffic = Traffic()
    traffic.requests = 1
    waiting = asyncio.create_task(traffic.let_by())
    await asyncio.sleep(0.1)
    assert not waiting.done()
    traffic.requests = 0
    await asyncio.wait_for(waiting, timeout=0.5)


async def test_what_can_wait_is_never_held_up_for_long() -> None:
    traffic = Traffic()
    traffic.requests = 1
    began = perf_counter()
    await traffic.let_by()
    assert perf_counter() - began >= 1.9


async def test_with_no_request_nothing_waits() -> None:
    traffic = Traffic()
    began = perf_counter()
    await traffic.let_by()
    assert perf_counter() - began < 0.2
