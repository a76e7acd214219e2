"""`dealwire setup broker`: with the rights it gives everything works, and nothing more does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractChannel
from support.deployment import Deployment, deployment
from support.events import an_event
from support.place import Place
from support.service import Client, eventually, running
from support.wire import logged_types, validate_log

import contract_service.main
import contract_service.settings
import kpi_service.main
import kpi_service.settings
import lead_service.main
import lead_service.settings
import pipeline_service.main
import pipeline_service.settings
from dealwire.catalogue.common import Role
from dealwire.catalogue.people import MemberChanged
from dealwire.kit.bus import EXCHANGE, LOG
from dealwire.kit.inbox import dlq_name, inbox_name
from dealwire.stack.plain_http import plain_client

LEAD = (lead_service.main.build, lead_service.settings.LeadSettings)
SERVICES: dict[str, tuple[Any, Any]] = {
    "lead-service": LEAD,
    "pipeline-service": (pipeline_service.main.build, pipeline_service.settings.PipelineSettings),
    "contract-service": (contract_service.main.build, contract_service.settings.ContractSettings),
    "kpi-service": (kpi_service.main.build, kpi_service.settings.KpiSettings),
}


@pytest.fixture
async def unprepared(place: Place, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with deployment(place, tmp_path / "secrets") as unprepared:
        yield unprepared


@pytest.fixture
async def prepared(unprepared: Deployment) -> Deployment:
    ran = await unprepared.setup_broker()
    assert (ran.status, ran.err) == (0, "")
    return unprepared


@pytest.mark.parametrize("service", SERVICES)
async def test_every_service_works_with_its_rights(service: str, place: Place, prepared: Deployment) -> None:
    """Ready is: queues declared and bound, caught up from the log, consuming."""
    build, settings = SERVICES[service]
    async with running(build, settings, replace(place, amqp_url=prepared.amqp_url(service))) as client:
        assert (await client.get("/readyz")).json()["status"] == "ready"
    assert await validate_log(place.amqp_url) == 1


async def test_a_service_announces_hears_and_buries_with_its_rights(place: Place, prepared: Deployment) -> None:
    own = replace(place, amqp_url=prepared.amqp_url("lead-service"))
    async with running(*LEAD, own) as client, await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(EXCHANGE)
        member = MemberChanged(member_id="am.li", name="Li", roles=(Role.AM,))
        for body in (an_event(member, subject="am.li").to_json(), b"no event"):
            await exchange.publish(aio_pika.Message(body, type=member.type), member.type)
        await capture(client)
        await eventually(lambda: count(channel, dlq_name("lead-service")), "what is no event is buried")
        await eventually(lambda: captured(place), "the capture is announced")


async def test_a_service_whose_inbox_was_deleted_puts_that_right_by_itself(place: Place, prepared: Deployment) -> None:
    own = replace(place, amqp_url=prepared.amqp_url("lead-service"))
    async with running(*LEAD, own) as client, await aio_pika.connect(place.amqp_url) as connection:
        await (await connection.channel()).queue_delete(inbox_name("lead-service"))
        await eventually(lambda: is_fault(client, "consumer"), "the loss is noticed")
        await eventually(lambda: is_ready(client), "the inbox is there again")


async def test_again_it_changes_nothing_and_it_never_tells_a_secret(prepared: Deployment, place: Place) -> None:
    before = await definitions(place)
    first, again = await prepared.setup_broker(), await prepared.setup_broker()
    assert (first.status, first) == (0, again)
    assert await definitions(place) == before
    for file in (*prepared.folder.rglob("*amqp_url"), *prepared.folder.glob("subscribers/*")):
        assert file.read_text().split(":")[2].split("@")[0] not in first.out


async def test_without_the_exchange_a_service_says_what_to_do_and_resumes_when_it_is_done(
    place: Place, prepared: Deployment
) -> None:
    own = replace(place, amqp_url=prepared.amqp_url("lead-service"))
    async with running(*LEAD, own) as client, await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel()
        await channel.exchange_delete(EXCHANGE)
        await channel.queue_delete(LOG)
        await eventually(lambda: is_fault(client, "broker", "`dealwire setup broker`"), "it says what to do")
        await capture(client)
        assert (await prepared.setup_broker()).status == 0
        await eventually(lambda: captured(place), "what was pending is announced")
        await eventually(lambda: is_ready(client), "all is well")


async def test_a_wrong_password_is_told_in_a_sentence(unprepared: Deployment) -> None:
    (unprepared.folder / "rabbitmq" / "admin-password").write_text("wrong")
    ran = await unprepared.setup_broker()
    assert (ran.status, ran.out) == (1, "")
    assert "does not accept the user" in ran.err


async def test_an_exchange_that_is_another_one_is_left_alone(place: Place, unprepared: Deployment) -> None:
    async with await aio_pika.connect(place.amqp_url) as connection:
        await (await connection.channel()).declare_exchange(EXCHANGE, aio_pika.ExchangeType.FANOUT)
    ran = await unprepared.setup_broker()
    assert ran.status == 1
    assert "inequivalent arg 'type' for exchange 'dealwire.events'" in ran.err


async def capture(client: Client) -> None:
    told = {"company": "Acme", "contact": {"name": "Ann", "email": "ann@example.com"}, "channel": "expo"}
    assert (await client.as_("so.zhao", Role.SO).post("/v1/leads", json=told)).status_code == 201


async def captured(place: Place) -> bool:
    return "lead.captured.v1" in await logged_types(place.amqp_url)


async def count(channel: AbstractChannel, queue: str) -> int:
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0


async def is_ready(client: httpx.AsyncClient) -> bool:
    checks = (await client.get("/readyz")).json()["checks"]
    return all(check["ok"] for check in checks.values())


async def is_fault(client: httpx.AsyncClient, check: str, detail: str = "") -> bool:
    told = (await client.get("/readyz")).json()["checks"][check]
    return not told["ok"] and detail in told["detail"]


async def definitions(place: Place) -> Any:
    async with plain_client(place.management_url) as client:
        told = (await client.get(f"/api/definitions/{place.vhost}")).json()
        permissions = (await client.get(f"/api/vhosts/{place.vhost}/permissions")).json()
        topics = (await client.get(f"/api/vhosts/{place.vhost}/topic-permissions")).json()
    return [told[part] for part in ("exchanges", "queues", "bindings")], permissions, topics
