from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support.events import a_publisher, an_event
from support.place import Place

from dealwire.catalogue.common import Channel, Contact, Money
from dealwire.catalogue.lead import LeadCaptured, LeadDiscarded
from dealwire.event import Event
from dealwire.kit.bus import Bus


@pytest.fixture
async def bus(place: Place) -> AsyncIterator[Bus]:
    """Publishes at the place, where exchange and log are."""
    async with a_publisher(place) as bus:
        yield bus


@pytest.fixture
async def told(bus: Bus) -> list[Event]:
    """What the log has, in its order: three leads captured, one of them discarded."""
    events = [
        an_event(
            LeadCaptured(
                lead_id=lead_id,
                company="苏州明川医疗",
                contact=Contact(name="[red]Ann[/red]"),
                channel=Channel.EXPO,
                cost=Money(minor=123_450, currency="CNY"),
            ),
            subject=lead_id,
        )
        for lead_id in ("lead-1", "lead-2", "lead-3")
    ]
    events.append(an_event(LeadDiscarded(lead_id="lead-2", reason="a fax"), subject="lead-2", sequence=2))
    for event in events:
        await bus.publish(event)
    return events
