"""A few months of a sales department, and the ledger's numbers as the rules know them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from unit.kpi.builders import (
    NOON,
    SHANGHAI,
    a_captured_lead,
    a_loss,
    a_payment,
    a_qualified_lead,
    a_revoked_loss,
    a_sent_quote,
    a_signing,
    a_win,
    a_withdrawn_lead,
    happened,
    yuan,
)

from dealwire.catalogue.common import Grade
from dealwire.event import Event, EventData
from dealwire.kit.store import Database
from kpi_service.domain.facts import fact_of
from kpi_service.domain.rollups import RollUps, roll_up
from kpi_service.store.documents import daily_documents, first_documents

AMS = ["am.li", "am.mo", "am.wu"]


def some_history(size: int, seed: int = 1) -> list[Event]:
    chance = random.Random(seed)
    return [
        happened(_anything(chance, number), f"r{number}", 1, NOON + timedelta(minutes=chance.randint(0, 50_000)))
        for number in range(size)
    ]


def _anything(chance: random.Random, number: int) -> EventData:
    am_id, day = chance.choice(AMS), date(2017, 1, 1) + timedelta(days=chance.randint(0, 90))
    possible: list[Callable[[], EventData]] = [
        lambda: a_signing(
            contract_id=f"k{number}",
            am_id=am_id,
            amount=yuan(chance.randint(1, 10_000), chance.choice(["CNY", "USD"])),
            account_id=chance.choice([f"account{chance.randint(1, 30)}", None]),
            signed_on=day,
            drafted_on=chance.choice([None, day - timedelta(days=3)]),
        ),
        lambda: a_payment(am_id=am_id, received_on=day),
        lambda: a_win(am_id, day),
        lambda: a_loss(am_id, day),
        lambda: a_revoked_loss(am_id, day),
        lambda: a_captured_lead() if chance.random() < 0.8 else a_withdrawn_lead(day),
        lambda: a_qualified_lead(chance.choice(list(Grade)), f"l{chance.randint(1, 30)}"),
        lambda: a_sent_quote(f"o{chance.randint(1, 30)}"),
    ]
    return chance.choice(possible)()


def rolled_up(events: Iterable[Event]) -> RollUps:
    return roll_up(fact_of(event, SHANGHAI) for event in events)


async def stored(database: Database, name: str) -> dict[str, Any]:
    """A collection's documents by id, without the count of touches."""
    found = database.collection(name).find({}, {"touched": 0})
    return {document["_id"]: document async for document in found}


async def assert_adds_up(database: Database, events: Iterable[Event]) -> None:
    """Facts, daily sums and firsts are those of these events, each counted once."""
    events = list(events)
    right = rolled_up(events)
    assert (await stored(database, "facts")).keys() == {event.id for event in events}
    assert await stored(database, "daily") == daily_documents(right)
    assert await stored(database, "firsts") == first_documents(right)
