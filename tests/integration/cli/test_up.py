"""`dealwire up`: everything there until Ctrl-C, and nothing left after it."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import pytest
from support.cli import dealwire, start
from support.service import eventually

from dealwire.stack.infra import running_state
from dealwire.stack.plain_http import plain_client
from dealwire.stack.processes import free_port


@pytest.mark.timeout(300)
async def test_it_runs_everything_until_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    process = await start("up", "--folder", tmp_path, "--port", str(port))
    assert process.stdout
    assert process.stderr
    try:
        shown = (await asyncio.wait_for(process.stdout.readuntil(b"dealwire events tail"), 200)).decode()
        for path in ("lead", "pipeline", "contract", "kpi"):
            assert f"http://localhost:{port}/{path}/docs" in shown
        async with plain_client(f"http://localhost:{port}") as client:
            assert (await client.get("/lead/readyz")).json()["status"] == "ready"
            token = (await dealwire("token", "--role", "so", "--sub", "so.zhao", "--keys", tmp_path / "keys")).out
            leads = await client.get("/lead/v1/leads", headers={"Authorization": f"Bearer {token.strip()}"})
            assert (leads.status_code, leads.json()["items"]) == (200, [])
        process.send_signal(signal.SIGINT)
        _, said = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0
        assert said.decode().splitlines()[-1] == "Stopped. The data is kept for the next time."
        assert await asyncio.to_thread(running_state, tmp_path) is None
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await start("up", "--folder", tmp_path, "--port", str(port))
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, out) == (1, b"")
    assert f"Port {port} is taken." in err.decode()


@pytest.mark.timeout(300)
async def test_ctrl_c_while_it_starts_leaves_nothing_behind(tmp_path: Path) -> None:
    process = await start("up", "--folder", tmp_path, "--port", str(free_port()))

    async def begun() -> bool:
        return (await asyncio.to_thread(running_state, tmp_path)) is not None

    try:
        await eventually(begun, "it has begun", within=60)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0
        assert not await begun()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
