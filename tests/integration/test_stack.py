"""The embedded stack: what it starts, what it keeps, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import jwt
import pytest
from pymongo import MongoClient
from support.place import Place, Servers
from support.proxy import Proxy
from support.service import eventually

from dealwire.stack.gateway import create_app
from dealwire.stack.infra import Infra, running_state
from dealwire.stack.keys import AUDIENCE, Keys
from dealwire.stack.mongod import TRANSACTION_SECONDS
from dealwire.stack.plain_http import plain_client
from dealwire.stack.processes import Process, StackError
from dealwire.stack.services import ServiceSpec
from dealwire.stack.stack import Stack

TESTS = Path(__file__).parents[1]
TINY = (ServiceSpec("tiny-service", "support.tiny_service", "/tiny"),)


@pytest.fixture
async def stack(place: Place, tmp_path: Path) -> AsyncIterator[Stack]:
    async with Stack(
        tmp_path,
        port=None,
        count=2,
        environment={"PYTHONPATH": str(TESTS)},
        servers=place,
        database_prefix=place.prefix,
        specs=TINY,
    ) as running:
        yield running


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client(stack.url) as client:
        yield client


async def test_data_survives_a_stop_a_move_to_other_ports_and_sigkill(tmp_path: Path) -> None:
    async with Infra(tmp_path) as infra:
        await _write(infra)
    (tmp_path / "state.json").unlink()
    async with Infra(tmp_path) as moved:
        assert moved.mongo_url != infra.mongo_url
        assert await _read(moved) == (1, b"kept")
        await asyncio.gather(moved.broker.kill(), moved.mongod.kill())
        await asyncio.gather(moved.broker.start(), moved.mongod.start())
        assert await _read(moved) == (1, b"kept")
        await moved.kill()


async def test_a_transaction_that_nobody_ends_holds_others_up_for_seconds_only(place: Place) -> None:
    """As it is left behind by a process that was killed."""
    with (
        MongoClient[dict[str, Any]](place.mongo_url) as abandoned,
        MongoClient[dict[str, Any]](place.mongo_url) as other,
    ):
        abandoned[place.database("kept")].records.insert_one({"_id": 1})
        session = abandoned.start_session()
        session.start_transaction()
        abandoned[place.database("kept")].records.update_one(
            {"_id": 1}, {"$set": {"by": "the killed"}}, session=session
        )
        begun = time.monotonic()
        update = ({"_id": 1}, {"$set": {"by": "another"}})
        await asyncio.to_thread(other[place.database("kept")].records.update_one, *update)
        assert time.monotonic() - begun < 3 * TRANSACTION_SECONDS
        assert other[place.database("kept")].records.find_one() == {"_id": 1, "by": "another"}


async def test_a_folder_serves_one_stack_at_a_time_and_tells_where_it_is(tmp_path: Path) -> None:
    first = Infra(tmp_path)
    first.take_folder()
    first.publish(amqp_url="amqp://somewhere")
    assert running_state(tmp_path) == {"amqp_url": "amqp://somewhere"}
    with pytest.raises(StackError, match=r"runs in .* already"):
        await Infra(tmp_path).start()
    await first.stop()
    assert running_state(tmp_path) is None


async def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio, pathlib
from dealwire.stack.infra import Infra
async def main():
    async with Infra(pathlib.Path({str(tmp_path)!r})):
        await asyncio.sleep(600)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program)

    async def all_there() -> bool:
        return {"mongod", "epmd", "beam.smp"} <= _programs_with(str(tmp_path))

    try:
        await eventually(all_there, "all of them run")
    finally:
        parent.kill()
        await parent.wait()
    await _all_gone(str(tmp_path))


async def test_a_process_that_fails_to_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    process = Process("the thing", ["sh", "-c", "echo the disk is on fire; exit 3"], log=tmp_path / "log", ready=_never)
    with pytest.raises(StackError, match=r"(?s)the thing ended with status 3 .*the disk is on fire"):
        await process.start()


async def test_a_process_that_is_not_ready_in_time_is_not_left_running(tmp_path: Path) -> None:
    process = Process("the thing", ["sleep", "60"], log=tmp_path / "log", ready=_never, patience=0.3)
    with pytest.raises(StackError, match="was not ready after"):
        await process.start()
    assert process.pid is None


async def test_a_process_deaf_to_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def is_deaf() -> bool:
        return "deaf" in log.read_text() and _programs_with(str(tmp_path)) == {"sh", "sleep"}

    script = "trap '' TERM; sleep 600 & echo deaf; wait"
    process = Process("the thing", ["sh", "-c", script], log=log, ready=is_deaf, env={"MARK": str(tmp_path)})
    await process.start()
    await process.stop(grace=0.3)
    assert process.pid is None
    await _all_gone(str(tmp_path))


async def test_a_taken_port_is_named(tmp_path: Path, place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port} is taken"):
            await Stack(tmp_path, port=port, servers=place, specs=TINY).start()


async def test_the_gateway_passes_on_all_but_its_own_prefix(client: httpx.AsyncClient, place: Place) -> None:
    answer = await client.post(
        "/tiny/v1/a%2Fb?q=%E4%B8%AD&q=2",
        content=b"body",
        headers={"If-Match": '"7"', "X-Forwarded-Prefix": "/forged", "Connection": "keep-alive, x-hop"},
    )
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    seen = answer.json()
    assert (seen["path"], seen["query"], seen["body"]) == ("/v1/a%2Fb", "q=%E4%B8%AD&q=2", "body")
    assert seen["database"] == place.database("tiny-service")
    assert seen["headers"]["if-match"] == '"7"'
    assert seen["headers"]["x-forwarded-prefix"] == "/tiny"
    assert seen["headers"]["host"] == seen["headers"]["x-forwarded-host"] == client.base_url.netloc.decode()


async def test_requests_go_to_the_replicas_in_turn_and_past_a_dead_one(stack: Stack, client: httpx.AsyncClient) -> None:
    first, second = stack.services.replicas["tiny-service"]

    async def answering() -> set[int]:
        return {(await client.get("/tiny/")).json()["pid"] for _ in range(4)}

    assert await answering() == {first.pid, second.pid}
    await first.kill()
    assert await answering() == {second.pid}
    await first.start()
    assert await answering() == {first.pid, second.pid}


async def test_what_the_gateway_cannot_deliver_is_a_problem(stack: Stack, client: httpx.AsyncClient) -> None:
    answers = [await client.post("/tiny/end"), await client.post("/tiny/end")]
    await asyncio.gather(*(replica.kill() for replica in stack.services))
    answers += [await client.get("/tiny/"), await client.get("/nowhere")]
    async with _gateway_without_patience(stack) as hasty:
        await stack.services.start()
        answers.append(await hasty.get("/tiny/stall"))
    assert [answer.status_code for answer in answers] == [502, 502, 502, 404, 504]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert "not known" in answers[0].json()["detail"]
    assert "Nothing answers" in answers[2].json()["detail"]


async def test_the_gateway_streams(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/tiny/stream") as answer:
        assert await anext(answer.aiter_raw()) == b"first"


async def test_the_first_page_leads_to_every_service(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    for link in ("docs", "openapi.json", "readyz", "metrics"):
        assert f'href="/tiny/{link}"' in page


def test_tokens_are_signed_with_a_key_nobody_else_can_read(tmp_path: Path) -> None:
    token = Keys.of(tmp_path).mint("am.li", ["am"], ["leads:write"])
    again = Keys.of(tmp_path)
    claims = jwt.decode(token, again.public_key_file.read_text(), algorithms=["EdDSA"], audience=AUDIENCE)
    assert (claims["sub"], claims["roles"], claims["scope"]) == ("am.li", ["am"], "leads:write")
    assert stat.S_IMODE((tmp_path / "jwt-private.pem").stat().st_mode) == 0o600


async def test_a_silent_line_keeps_connections_and_a_cut_one_does_not() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Proxy(f"tcp://user@127.0.0.1:{port}/place") as proxy:
            assert proxy.url == f"tcp://user@127.0.0.1:{proxy.port}/place"
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            proxy.silence()
            writer.write(b"hello")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(100), 0.2)
            await proxy.restore()
            assert await reader.read(100) == b"hello"
            await proxy.cut()
            with pytest.raises(ConnectionResetError):
                await reader.read(100)
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", proxy.port)
            await proxy.restore()
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(b"again")
            assert await reader.read(100) == b"again"
            writer.close()


@asynccontextmanager
async def _gateway_without_patience(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(stack.services.routes, patience=0.2)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")
    async with app.router.lifespan_context(app), client:
        yield client


async def _write(servers: Servers) -> None:
    with MongoClient[dict[str, Any]](servers.mongo_url) as mongo:
        mongo["kept"].records.insert_one({})
    async with await aio_pika.connect(servers.amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"kept"), queue.name)


async def _read(servers: Servers) -> tuple[int, bytes]:
    with MongoClient[dict[str, Any]](servers.mongo_url) as mongo:
        records = mongo["kept"].records.count_documents({})
    async with await aio_pika.connect(servers.amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("kept", passive=True)
        async with queue.iterator(timeout=20) as messages:
            return records, (await anext(messages)).body  # not acknowledged, so it stays


def _programs_with(mark: str) -> set[str]:
    """Names of running programs that have a text in their arguments or environment."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may end while being looked at
            if mark.encode() in (process / "cmdline").read_bytes() + (process / "environ").read_bytes():
                found.add((process / "comm").read_text().strip())
    return found


async def _all_gone(mark: str) -> None:
    deadline = time.monotonic() + 10  # the kernel ends them, in its own time
    while left := _programs_with(mark):
        assert time.monotonic() < deadline, left
        await asyncio.sleep(0.1)


async def _never() -> bool:
    return False
