"""The rights that `dealwire setup broker` gives: what is not anybody's business, the broker refuses."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused
from support.cli import dealwire
from support.deployment import SUBSCRIBER, Deployment, deployment
from support.place import Servers, new_place

from dealwire.catalogue import PUBLISHED
from dealwire.cli import secret_files
from dealwire.kit.bus import EXCHANGE, LOG, LOG_ARGUMENTS
from dealwire.kit.inbox import dlq_name, inbox_name, queues
from dealwire.stack.binaries import ROOT

Try = Callable[[AbstractChannel], Awaitable[object]]


@pytest.fixture(scope="module")
async def prepared(infra: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """Prepared, with the queues of two services and a dead letter, for many tests: they are to change nothing."""
    async with new_place(infra) as place, deployment(place, tmp_path_factory.mktemp("broker") / "secrets") as prepared:
        assert (await prepared.setup_broker()).status == 0
        async with await aio_pika.connect(place.amqp_url) as connection:
            channel = await connection.channel()
            for service in ("lead-service", "kpi-service"):
                for name, arguments in queues(service, (1,)).items():
                    await channel.declare_queue(name, durable=True, arguments=arguments)
            await channel.default_exchange.publish(aio_pika.Message(b"{}", message_id="x"), dlq_name("kpi-service"))
        yield prepared


async def attempt(url: str, what: Try) -> None:
    async with await aio_pika.connect(url) as connection:
        await what(await connection.channel(on_return_raises=True))


def publish(routing_key: str) -> Try:
    async def publish(channel: AbstractChannel) -> None:
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        await exchange.publish(aio_pika.Message(b"{}"), routing_key, timeout=5)

    return publish


def bind(queue: str, routing_key: str) -> Try:
    async def bind(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).bind(EXCHANGE, routing_key)

    return bind


def read(queue: str) -> Try:
    async def read(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).get(fail=False)

    return read


def consume(queue: str) -> Try:
    async def consume(channel: AbstractChannel) -> None:
        await channel.set_qos(prefetch_count=1)
        await (await channel.get_queue(queue, ensure=False)).consume(ignore)

    return consume


async def ignore(_: AbstractIncomingMessage) -> None:
    """What is refused is to listen at all."""


def declare(queue: str, **arguments: Any) -> Try:
    return lambda channel: channel.declare_queue(queue, durable=True, arguments=arguments)


FORBIDDEN_TO_LEAD_SERVICE: dict[str, Try] = {
    "publish another service's event": publish("contract.signed.v1"),
    "publish what nobody declared": publish("lead.faxed.v1"),
    "listen to what it does not react to": bind(inbox_name("lead-service"), "contract.signed.v1"),
    "listen to everything": bind(inbox_name("lead-service"), "#"),
    "read another service's inbox": read(inbox_name("kpi-service")),
    "consume another service's inbox": consume(inbox_name("kpi-service")),
    "read another service's dead letters": read(dlq_name("kpi-service")),
    "empty another service's inbox": lambda channel: purge(channel, inbox_name("kpi-service")),
    "delete another service's inbox": lambda channel: channel.queue_delete(inbox_name("kpi-service")),
    "bind another service's inbox": bind(inbox_name("kpi-service"), "lead.captured.v1"),
    "delete the exchange": lambda channel: channel.exchange_delete(EXCHANGE),
    "delete the log": lambda channel: channel.queue_delete(LOG),
    "declare the log": declare(LOG, **LOG_ARGUMENTS),
    "declare an exchange": lambda channel: channel.declare_exchange("mine"),
    "declare a queue of another name": declare("mine"),
    "declare a queue of a name that begins like its own": declare("lead-service.inbox2"),
    "declare a queue of a name that looks like its own": declare("lead-serviceXinbox"),
}

FORBIDDEN_TO_A_SUBSCRIBER: dict[str, Try] = {
    "publish an event": publish("lead.captured.v1"),
    "publish past the exchange": lambda channel: channel.default_exchange.publish(
        aio_pika.Message(b"{}"), inbox_name("kpi-service"), timeout=5
    ),
    "read an inbox": read(inbox_name("kpi-service")),
    "read dead letters": read(dlq_name("kpi-service")),
    "declare a queue": declare("mine"),
    "bind a queue": bind(inbox_name("kpi-service"), "#"),
    "delete the log": lambda channel: channel.queue_delete(LOG),
}

FORBIDDEN_TO_WHO_HAS_A_QUEUE: dict[str, Try] = {
    "publish an event": publish("lead.captured.v1"),
    "publish past the exchange": FORBIDDEN_TO_A_SUBSCRIBER["publish past the exchange"],
    "read an inbox": read(inbox_name("kpi-service")),
    "declare a queue of another name": declare("mine"),
    "bind an inbox": bind(inbox_name("kpi-service"), "#"),
    "delete the exchange": lambda channel: channel.exchange_delete(EXCHANGE),
}

FORBIDDEN_TO_THE_OPERATOR: dict[str, Try] = {
    "publish an event": publish("lead.captured.v1"),
    "read an inbox": read(inbox_name("kpi-service")),
    "declare a queue": declare("mine"),
    "delete dead letters": lambda channel: channel.queue_delete(dlq_name("kpi-service")),
}


async def purge(channel: AbstractChannel, queue: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).purge()


@pytest.mark.parametrize("what", FORBIDDEN_TO_LEAD_SERVICE)
async def test_a_service_may_not(what: str, prepared: Deployment) -> None:
    with pytest.raises(ChannelAccessRefused):
        await attempt(prepared.amqp_url("lead-service"), FORBIDDEN_TO_LEAD_SERVICE[what])


async def test_a_service_may_publish_its_own_events(prepared: Deployment) -> None:
    for service, events in PUBLISHED.items():
        async with await aio_pika.connect(prepared.amqp_url(service)) as connection:
            channel = await connection.channel(on_return_raises=True)
            for event in events:
                await publish(event.type)(channel)


@pytest.mark.parametrize("what", FORBIDDEN_TO_A_SUBSCRIBER)
async def test_a_subscriber_may_not(what: str, prepared: Deployment) -> None:
    with pytest.raises(ChannelAccessRefused):
        await attempt(prepared.amqp_url(SUBSCRIBER), FORBIDDEN_TO_A_SUBSCRIBER[what])


async def test_a_subscriber_reads_the_log(prepared: Deployment) -> None:
    await attempt(prepared.amqp_url("lead-service"), publish("lead.captured.v1"))
    url = prepared.amqp_url(SUBSCRIBER)
    ran = await dealwire("events", "tail", "--from", "first", "--until-idle", "2", "--json", DEALWIRE_AMQP_URL=url)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()


@pytest.fixture(scope="module")
async def with_a_queue(prepared: Deployment) -> AsyncIterator[str]:
    """The URL of a user with the rights that docs/subscribe names for a queue of one's own."""
    manual = (ROOT / "docs" / "subscribe" / "README.md").read_text()
    (patterns,) = re.findall(r"^rabbitmqctl set_permissions erp '(.*)' '(.*)' '(.*)'$", manual, re.MULTILINE)
    as_service = urlsplit(prepared.amqp_url("lead-service"))
    user = f"erp-{as_service.path[1:]}"
    rights = dict(zip(("configure", "write", "read"), patterns, strict=True))
    administrator = secret_files.administrator(prepared.folder / "rabbitmq")
    async with httpx.AsyncClient(base_url=prepared.management_url, auth=administrator, trust_env=False) as management:
        for path, told in (
            (f"users/{user}", {"password": "pw", "tags": ""}),
            (f"permissions{as_service.path}/{user}", rights),
        ):
            (await management.put(f"/api/{path}", json=told)).raise_for_status()
        yield as_service._replace(netloc=f"{user}:pw@{as_service.netloc.rpartition('@')[2]}").geturl()
        await management.delete(f"/api/users/{user}")


async def test_who_has_a_queue_binds_it_and_takes_what_comes(prepared: Deployment, with_a_queue: str) -> None:
    async with await aio_pika.connect(with_a_queue) as connection:
        queue = await (await connection.channel()).declare_queue("erp.orders", durable=True)
        await queue.bind(EXCHANGE, "lead.#")
        await attempt(prepared.amqp_url("lead-service"), publish("lead.captured.v1"))
        assert await queue.get(timeout=5)
        await queue.delete(if_empty=False)


@pytest.mark.parametrize("what", FORBIDDEN_TO_WHO_HAS_A_QUEUE)
async def test_who_has_a_queue_may_not(what: str, with_a_queue: str) -> None:
    with pytest.raises(ChannelAccessRefused):
        await attempt(with_a_queue, FORBIDDEN_TO_WHO_HAS_A_QUEUE[what])


@pytest.mark.parametrize("what", FORBIDDEN_TO_THE_OPERATOR)
async def test_the_operator_may_not(what: str, prepared: Deployment) -> None:
    with pytest.raises(ChannelAccessRefused):
        await attempt(prepared.amqp_url("operator"), FORBIDDEN_TO_THE_OPERATOR[what])


async def test_the_operator_reads_and_redrives_dead_letters(prepared: Deployment) -> None:
    folder = str(prepared.folder / "operator")
    ran = await dealwire("dlq", "show", "kpi-service", DEALWIRE_SECRETS_DIR=folder)
    assert json.loads(ran.out)["id"] == "x"
    ran = await dealwire("dlq", "redrive", "kpi-service", "--all", DEALWIRE_SECRETS_DIR=folder)
    assert (ran.status, ran.out) == (0, "1 back in kpi-service.inbox\n")
