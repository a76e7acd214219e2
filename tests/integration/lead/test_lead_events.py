"""What lead-service says on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from integration.lead.desk import LI, MEMBERS, Desk, a_capture, a_desk, done
from integration.lead.test_imports import a_csv, a_row, imported
from support.events import an_event
from support.hours import always_open
from support.place import Place
from support.service import eventually

from dealwire.catalogue import CATALOGUE, PUBLISHED
from dealwire.catalogue.pipeline import AccountOpened
from dealwire.event import CONTENT_TYPE, Event
from dealwire.kit.bus import EXCHANGE

ABOUT_LEADS = {event.type for event in PUBLISHED["lead-service"] if event.type.startswith("lead.")}


CLOCKS = ("completion", "grab_window", "silence", "silence_to_team_lead", "silence_to_release")


@asynccontextmanager
async def listening(place: Place) -> AsyncIterator[list[AbstractIncomingMessage]]:
    """Every message about leads, as it comes."""
    heard: list[AbstractIncomingMessage] = []

    async def hear(message: AbstractIncomingMessage) -> None:
        heard.append(message)

    async with await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(EXCHANGE, "lead.#")
        await queue.consume(hear, no_ack=True)
        yield heard


async def is_somebodys_customer(desk: Desk, company: str) -> None:
    account = AccountOpened(account_id="acc-1", name=company, owner_id=LI)
    await desk.bus.publish(an_event(account, subject="acc-1"))
    await desk.lead(company=company)


async def is_merged_for_a_while(desk: Desk) -> None:
    one, other = await desk.lead(), await desk.lead()
    await done(desk.so.post(f"/v1/leads/{other['id']}/merge", json={"into": one["id"]}))
    await done(desk.so.post(f"/v1/leads/{other['id']}/unmerge"))


async def test_every_event_on_the_wire_is_what_the_catalogue_says(place: Place) -> None:
    soon = 2 / 3600
    hours = always_open() | {
        "policy": {
            "acceptance_hours": soon,
            **{clock: {"hours": soon} for clock in CLOCKS},
            "nurture_every_days": soon / 24,
        }
    }
    async with a_desk(place, *MEMBERS, **hours) as desk, listening(place) as heard:
        leads = [await desk.accepted(), await desk.lead("A"), await desk.lead(), await desk.lead(**everything())]
        leads.append(await desk.lead("B"))
        await done(desk.am().post(f"/v1/leads/{leads[4]['id']}/bid"))
        await done(desk.am().post(f"/v1/leads/{leads[0]['id']}/convert"))
        await done(desk.so.post(f"/v1/leads/{leads[2]['id']}/discard", json={"reason": "spam"}))
        await done(desk.so.post("/v1/leads", json=everything(contact=leads[3]["contact"])))
        await done(desk.so.patch(f"/v1/leads/{leads[3]['id']}", json={"size": 800}))
        leads += [await taken_care_of(desk), await desk.accepted(), await desk.lead("C"), await desk.accepted()]
        await done(desk.am().post(f"/v1/leads/{leads[-1]['id']}/unassign", json={"reason": "too far away"}))
        await an_import_undone(desk)
        note = await done(desk.so.post("/v1/notes", json={"kind": "policy", "title": "x", "text": "y"}))
        await done(desk.so.post(f"/v1/leads/{leads[3]['id']}/notes", json={"note_id": note["id"]}))
        await is_somebodys_customer(desk, "明川电子")
        await is_merged_for_a_while(desk)

        async def all_heard() -> bool:
            return {message.routing_key for message in heard} == ABOUT_LEADS

        await eventually(all_heard, "every type of event has been heard")
        timelines = [event for lead in leads for event in await desk.timeline(lead["id"])]

        async def all_announced() -> bool:
            return {event.id for event in timelines} <= {message.message_id for message in heard}

        await eventually(all_announced, "what is in the timelines has been announced")
    for message in heard:
        is_as_declared(message)
    for lead in leads:
        # A broker that is slow to confirm hears of an event twice.
        told = list({event.id: event for event in map(read, heard) if event.subject == lead["id"]}.values())
        assert [event.sequence for event in told] == list(range(1, len(told) + 1))
        kept = [event for event in timelines if event.subject == lead["id"]]
        assert told[: len(kept)] == kept


async def taken_care_of(desk: Desk) -> dict[str, Any]:
    """A lead that is verified, followed up, and one that is archived and comes back."""
    mine = await desk.accepted()
    await done(desk.am().post(f"/v1/leads/{mine['id']}/verify", json={"channel": "call"}))
    await done(desk.am().post(f"/v1/leads/{mine['id']}/follow-ups", json={"channel": "call", "outcome": "Busy"}))
    lead = await desk.lead()
    await done(desk.so.post(f"/v1/leads/{lead['id']}/archive", json={"reason": "No budget"}))
    await done(desk.so.post(f"/v1/leads/{lead['id']}/reactivate"))
    return lead


async def an_import_undone(desk: Desk) -> None:
    """A lead that comes in and goes again."""
    known = await imported(desk, a_csv(a_row()))
    await done(desk.so.post(f"/v1/imports/{known['id']}/undo", json={"reason": "the wrong file"}))


def everything(**changes: Any) -> dict[str, Any]:
    return a_capture(campaign="CMEF", cost={"minor": 5, "currency": "EUR"}, region="华东", need="A demo") | changes


def read(message: AbstractIncomingMessage) -> Event:
    return Event.model_validate_json(message.body)


def is_as_declared(message: AbstractIncomingMessage) -> None:
    event = read(message)
    assert (message.content_type, message.message_id) == (CONTENT_TYPE, event.id)
    assert message.routing_key == message.type == event.type
    assert message.delivery_mode is aio_pika.DeliveryMode.PERSISTENT
    assert (event.source, event.specversion) == ("/lead-service/leads", "1.0")
    assert event.dataschema == f"urn:dealwire:event:{event.type}"
    declared = CATALOGUE[event.type].model_validate(event.data)
    assert declared.model_dump(mode="json") == event.data, "nothing the model does not know, nothing changed by reading"
    assert event.data["lead_id"] == event.subject


async def test_what_follows_from_one_request_is_correlated_with_it(desk: Desk) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"X-Correlation-Id": "import-7", "traceparent": trace}
    lead = await done(desk.so.post("/v1/leads", json=a_capture(), headers=headers))
    (event,) = await desk.timeline(lead["id"])
    assert event.correlationid == "import-7"
    assert event.traceparent is not None
    assert event.traceparent.split("-")[1] == trace.split("-")[1]
