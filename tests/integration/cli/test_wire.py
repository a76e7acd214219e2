"""`support.wire`, which other tests trust: it passes what is right and finds what is not."""

from __future__ import annotations

import json
from typing import Any

import aio_pika
import pytest
from support.events import an_event
from support.place import Place
from support.service import Client, eventually, running
from support.wire import validate_log

from dealwire.catalogue.common import Role
from dealwire.catalogue.lead import LeadDiscarded
from dealwire.event import CONTENT_TYPE, Event
from dealwire.kit.bus import EXCHANGE
from lead_service.main import build
from lead_service.settings import LeadSettings


async def test_what_a_service_sends_is_what_the_documents_say(place: Place) -> None:
    async with running(build, LeadSettings, place) as client:
        await capture(client.as_("so.zhao", Role.SO))

        async def announced() -> bool:
            return await validate_log(place.amqp_url) >= 2  # the lead, and that the service has caught up

        await eventually(announced, "the events are in the log")


async def capture(sales_ops: Client) -> None:
    told = {
        "company": "苏州明川医疗",
        "contact": {"name": "Ann", "email": "ann@example.com"},
        "channel": "expo",
        "cost": {"minor": 100, "currency": "CNY"},
    }
    assert (await sales_ops.post("/v1/leads", json=told)).status_code == 201


async def test_events_are_counted(place: Place, told: list[Event]) -> None:
    assert await validate_log(place.amqp_url) == len(told)


@pytest.mark.parametrize(
    ("changed", "properties"),
    [
        ({"sequence": 1}, {}),
        ({"data": {"lead_id": "1"}}, {}),
        ({"causationid": None}, {}),
        ({}, {"message_id": "another"}),
        ({}, {"content_type": "application/json"}),
        ({}, {"delivery_mode": aio_pika.DeliveryMode.NOT_PERSISTENT}),
        ({}, {"app_id": None}),
        ({}, {"type": "lead.captured.v1"}),
        ({}, {"timestamp": None}),
    ],
)
async def test_what_differs_is_found(
    place: Place, told: list[Event], changed: dict[str, Any], properties: dict[str, Any]
) -> None:
    event = an_event(LeadDiscarded(lead_id="1", reason="x"), subject="1")
    right = {
        "message_id": event.id,
        "type": event.type,
        "app_id": event.source,
        "content_type": CONTENT_TYPE,
        "delivery_mode": aio_pika.DeliveryMode.PERSISTENT,
        "timestamp": event.time,
    }
    await send(place, event.type, event.to_dict(), right)
    assert await validate_log(place.amqp_url) == len(told) + 1
    await send(place, event.type, {**event.to_dict(), **changed}, {**right, **properties})
    with pytest.raises(AssertionError):
        await validate_log(place.amqp_url)


async def test_an_event_nobody_has_published_a_schema_of_is_found(place: Place, told: list[Event]) -> None:
    await send(place, "lead.faxed.v1", told[0].to_dict(), {})
    with pytest.raises(AssertionError, match=r"lead\.faxed\.v1 is not published"):
        await validate_log(place.amqp_url)


async def send(place: Place, key: str, event: dict[str, Any], properties: dict[str, Any]) -> None:
    async with await aio_pika.connect(place.amqp_url) as connection:
        exchange = await (await connection.channel()).get_exchange(EXCHANGE, ensure=False)
        await exchange.publish(aio_pika.Message(json.dumps(event).encode(), **properties), key)
