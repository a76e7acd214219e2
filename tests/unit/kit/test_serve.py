from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from unit.kit.webs import KEY, a_web_app, client_of, pem

from dealwire.kit.serve import TrustedProxy

SERVICE = Path(__file__).with_name("a_service.py")
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "DEALWIRE_PORT": "0",
    "DEALWIRE_MONGO_URL": "mongodb://localhost",
    "DEALWIRE_AMQP_URL": "amqp://localhost",
    "DEALWIRE_JWT_PUBLIC_KEY": pem(KEY),
}


async def start(**more: str) -> Process:
    environment = {**ENVIRONMENT, **{f"DEALWIRE_{name}": value for name, value in more.items()}}
    return await asyncio.create_subprocess_exec(sys.executable, SERVICE, env=environment, stdout=PIPE, stderr=PIPE)


@asynccontextmanager
async def serving(**more: str) -> AsyncIterator[tuple[Process, httpx.AsyncClient, list[str]]]:
    """The service as a process of its own, how to call it, and the lines it writes."""
    process = await start(**more)
    assert process.stdout is not None
    lines: list[str] = []
    try:
        url = None
        while url is None:
            line = (await process.stdout.readline()).decode()
            assert line, (await process.communicate())[1].decode()
            lines.append(line)
            url = re.search(r"running on (http://[0-9.:]+)", line)

        async def follow(stream: asyncio.StreamReader) -> None:
            async for line in stream:
                lines.append(line.decode())  # noqa: PERF401  # as they come, not at the end

        following = asyncio.create_task(follow(process.stdout))
        async with httpx.AsyncClient(base_url=url[1]) as client:
            yield process, client, lines
            await asyncio.wait_for(process.wait(), 10)
            await following
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_service_that_is_told_to_stop_says_so_first_then_finishes_what_it_has_and_ends_well() -> None:
    async with serving(READY_DELAY_SECONDS="1") as (process, client, lines):
        assert (await client.get("/readyz")).status_code == 200
        slow = asyncio.create_task(client.get("/v1/slow?seconds=2"))
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        while (await client.get("/readyz")).status_code == 200:  # noqa: ASYNC110  # it is another process
            await asyncio.sleep(0.01)
        assert time.monotonic() - told < 0.5
        async with httpx.AsyncClient(base_url=client.base_url) as newcomer:  # still accepts, for who has not noticed
            assert (await newcomer.get("/v1/slow?seconds=0")).text == '"done"'
        assert "stopped\n" not in lines
        assert (await slow).text == '"done"'
    assert process.returncode == 0
    assert "stopped\n" in lines


async def test_a_request_that_takes_too_long_does_not_keep_a_service_from_stopping() -> None:
    async with serving(DRAIN_SECONDS="1") as (process, client, lines):
        slow = asyncio.create_task(client.get("/v1/slow?seconds=30"))
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(httpx.HTTPError):
            (await slow).raise_for_status()
    assert process.returncode == 0
    assert "stopped\n" in lines


async def test_all_that_a_service_writes_is_json_with_one_line_for_a_request_and_no_token() -> None:
    async with serving() as (process, client, lines):
        await client.get("/v1/slow?seconds=0&phone=4711", headers={"Authorization": "Bearer s3cret"})
        process.terminate()
    logged = [json.loads(line) for line in lines if line not in {"started\n", "stopped\n"}]
    [request] = [line for line in logged if line["event"] == "request"]
    assert (request["method"], request["path"], request["status"]) == ("GET", "/v1/slow", 200)
    assert {line["service"] for line in logged} == {"notes-service"}
    assert "s3cret" not in str(lines)
    assert "4711" not in str(lines)  # a query may hold anything


async def test_a_service_that_lacks_settings_says_which_and_ends() -> None:
    process = await start(MONGO_URL="", PORT="x")
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == os.EX_CONFIG
    assert out == b""
    first, second = err.decode().splitlines()
    assert first.startswith("DEALWIRE_MONGO_URL is not set. ")
    assert second.startswith("DEALWIRE_PORT is wrong: ")


def behind_a_gateway(address: str) -> httpx.AsyncClient:
    app = TrustedProxy(a_web_app(), ("127.0.0.1", "10.0.0.0/8"))
    return client_of(app, client=(address, 1234))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3"])
async def test_the_documentation_works_under_the_prefix_of_a_trusted_gateway(address: str) -> None:
    headers = {"X-Forwarded-Prefix": "/notes"}
    async with behind_a_gateway(address) as client:
        assert "/notes/openapi.json" in (await client.get("/docs", headers=headers)).text
        assert (await client.get("/openapi.json", headers=headers)).json()["servers"] == [{"url": "/notes"}]
        assert (await client.get("/v1/notes", headers=headers)).status_code == 200
        assert "servers" not in (await client.get("/openapi.json")).json()


@pytest.mark.parametrize(
    ("address", "prefix"),
    [("192.0.2.1", "/notes"), ("127.0.0.1", "//evil.example"), ("127.0.0.1", '/a"b'), ("127.0.0.1", "notes")],
)
async def test_a_prefix_is_not_believed_from_anybody_else_nor_whatever_it_is(address: str, prefix: str) -> None:
    async with behind_a_gateway(address) as client:
        assert "servers" not in (await client.get("/openapi.json", headers={"X-Forwarded-Prefix": prefix})).json()


@pytest.mark.parametrize(
    ("gateway", "forwarded", "caller"),
    [
        ("10.1.2.3", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("10.1.2.3", "198.51.100.1, 203.0.113.7, 10.9.9.9", "203.0.113.7"),
        ("192.0.2.1", "203.0.113.7", "192.0.2.1"),
    ],
    ids=["a gateway", "with IPv6", "several, and what the caller forged", "not a gateway"],
)
async def test_the_caller_is_where_a_trusted_gateway_says_and_nobody_else(
    gateway: str, forwarded: str, caller: str
) -> None:
    async with behind_a_gateway(gateway) as client:
        cause = (await client.put("/v1/notes/7/cause", headers={"X-Forwarded-For": forwarded})).json()
    assert cause["client"] == caller
