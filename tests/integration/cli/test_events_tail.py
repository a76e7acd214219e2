"""`dealwire events tail` over a real log."""

from __future__ import annotations

import asyncio
import json
import signal
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest
from support.cli import dealwire, start
from support.events import an_event
from support.place import Place

from dealwire.catalogue.lead import LeadDiscarded
from dealwire.event import Event
from dealwire.kit.bus import EXCHANGE, Bus

ENDING = ("--until-idle", "2")


async def ids(place: Place, *arguments: str) -> list[str]:
    ran = await dealwire("events", "tail", "--amqp-url", place.amqp_url, "--json", *ENDING, *arguments)
    assert (ran.status, ran.err) == (0, "")
    return [json.loads(line)["event"]["id"] for line in ran.out.splitlines()]


async def test_from_first_is_the_whole_history_in_its_order(place: Place, told: list[Event]) -> None:
    assert await ids(place, "--from", "first") == [event.id for event in told]


async def test_events_are_chosen_by_type_and_by_record(place: Place, told: list[Event]) -> None:
    assert await ids(place, "--from", "first", "--type", "lead.disc*") == [told[3].id]
    assert await ids(place, "--from", "first", "--subject", "lead-2") == [told[1].id, told[3].id]
    assert await ids(place, "--from", "first", "--type", "contract.*") == []


async def test_from_an_offset_goes_on_there(place: Place, told: list[Event]) -> None:
    ran = await dealwire("events", "tail", "--amqp-url", place.amqp_url, "--json", "--from", "first", *ENDING)
    offset = json.loads(ran.out.splitlines()[1])["offset"]
    assert await ids(place, "--from", str(offset + 1)) == [event.id for event in told[2:]]


@pytest.mark.usefixtures("told")
async def test_from_next_and_from_a_time_to_come_are_without_the_past(place: Place) -> None:
    assert await ids(place, "--from", "next") == []
    assert await ids(place, "--from", (datetime.now(UTC) + timedelta(hours=1)).isoformat()) == []


async def test_from_a_time_that_has_passed_replays_what_came_since(place: Place, told: list[Event]) -> None:
    assert await ids(place, "--from", "2026-01-01T00:00:00Z") == [event.id for event in told]


@pytest.mark.usefixtures("told")
async def test_a_person_reads_a_line_for_each(place: Place) -> None:
    ran = await dealwire("events", "tail", "--amqp-url", place.amqp_url, "--from", "first", *ENDING)
    captured, *_, discarded = ran.out.splitlines()
    for part in ("lead.captured.v1", "lead-1", "test", "company=苏州明川医疗", "[red]Ann[/red]", "cost=CNY 1,234.50"):
        assert part in captured
    assert discarded.endswith("reason=a fax")


async def test_it_follows_until_ctrl_c(place: Place, bus: Bus) -> None:
    process = await start("events", "tail", "--amqp-url", place.amqp_url, "--from", "first", "--json")
    assert process.stdout
    try:
        for number in (1, 2):
            event = an_event(LeadDiscarded(lead_id=str(number), reason="x"), subject=str(number))
            await bus.publish(event)
            line = await asyncio.wait_for(process.stdout.readline(), 20)
            assert json.loads(line)["event"]["id"] == event.id
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 20) == 130
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_message_that_is_no_event_is_told_and_does_not_end_it(place: Place, told: list[Event]) -> None:
    async with await aio_pika.connect(place.amqp_url) as connection:
        exchange = await (await connection.channel()).get_exchange(EXCHANGE, ensure=False)
        await exchange.publish(aio_pika.Message(b"[bold]hello"), "lead.captured.v1")
    ran = await dealwire("events", "tail", "--amqp-url", place.amqp_url, "--from", "first", *ENDING)
    assert ran.status == 0
    assert len(ran.out.splitlines()) == len(told) + 1
    assert "offset 4 holds no event" in ran.out.splitlines()[-1]
    ran = await dealwire("events", "tail", "--amqp-url", place.amqp_url, "--from", "first", *ENDING, "--json")
    assert json.loads(ran.out.splitlines()[-1])["body"] == "[bold]hello"


async def test_a_broker_where_nothing_was_started_is_said_to_be_so(place: Place) -> None:
    ran = await dealwire("events", "tail", "--amqp-url", place.amqp_url, "--from", "first")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "There is no dealwire.events.log on this broker: nothing has been started there.\n"


async def test_a_broker_that_is_not_there_is_told_without_the_password() -> None:
    ran = await dealwire("events", "tail", DEALWIRE_AMQP_URL="amqp://li:secret-of-li@127.0.0.1:9/")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("The broker at amqp://li@127.0.0.1:9/ cannot be reached: ")
    assert "secret-of-li" not in ran.err
