from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from dealwire.event import Event, EventData, RecordedEvent
from dealwire.kit.store.outbox import event_document

ADDRESS = "203.0.113.7"


class DoorOpened(EventData):
    type: ClassVar[str] = "door.opened.v1"

    door: str


def a_recorded_event() -> RecordedEvent:
    return RecordedEvent.of(
        DoorOpened(door="front"),
        source="/house/doors",
        subject="d1",
        sequence=7,
        time=datetime(2026, 3, 2, 9, tzinfo=UTC),
        actor="am.li",
        correlationid="c1",
        clientaddress=ADDRESS,
    )


def test_where_it_was_done_from_stays_with_the_record_and_is_told_to_nobody() -> None:
    event = a_recorded_event()
    assert event_document(event)["clientaddress"] == ADDRESS
    assert RecordedEvent.model_validate(event_document(event)) == event
    assert ADDRESS not in str(event.to_dict())
    assert event_document(event).keys() - event.to_dict().keys() == {"clientaddress"}
    assert event.to_dict()["sequence"] == "0000000007"


def test_whoever_hears_of_an_event_knows_no_address_even_if_it_is_told_one() -> None:
    told = Event.model_validate(event_document(a_recorded_event()))
    assert told == Event.model_validate_json(a_recorded_event().to_json())
    assert ADDRESS not in told.model_dump_json()


def test_what_was_kept_before_addresses_were_has_none() -> None:
    event = a_recorded_event()
    before = {name: value for name, value in event_document(event).items() if name != "clientaddress"}
    assert RecordedEvent.model_validate(before) == event.model_copy(update={"clientaddress": None})
