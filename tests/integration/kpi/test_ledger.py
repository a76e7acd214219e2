from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import date

import pytest
from integration.kpi.history import AMS, assert_adds_up, rolled_up, some_history
from unit.kpi.builders import SHANGHAI, a_signing, happened

from dealwire.errors import Unavailable
from dealwire.event import Event
from dealwire.kit.store import Database
from kpi_service.domain.metrics import Metric
from kpi_service.domain.people import Stint
from kpi_service.domain.period import between, named
from kpi_service.domain.rollups import total
from kpi_service.store.ledger import Ledger, Who


async def deliver(ledger: Ledger, deliveries: Sequence[Event], chance: random.Random) -> None:
    """In batches of any size, again as long as the database asks for it: what the projector does."""
    left = list(deliveries)
    while left:
        size = chance.randint(1, 60)
        batch, left = left[:size], left[size:]
        while True:
            try:
                await ledger.keep(map(ledger.read, batch))
            except Unavailable:
                await asyncio.sleep(chance.random() * 0.05)
            else:
                break


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_shuffle_with_duplicates_gives_the_same_roll_ups(
    ledger: Ledger, database: Database, seed: int
) -> None:
    chance, events = random.Random(seed), some_history(300, seed)
    deliveries = events * 3
    chance.shuffle(deliveries)

    await deliver(ledger, deliveries, chance)

    await assert_adds_up(database, events)


async def test_two_replicas_that_are_told_the_same_at_once_count_it_once(ledger: Ledger, database: Database) -> None:
    events, other = some_history(400), Ledger(database, SHANGHAI)
    shuffled = random.Random(7).sample(events, len(events))

    await asyncio.gather(
        deliver(ledger, events, random.Random(8)),
        deliver(other, events, random.Random(8)),
        deliver(other, shuffled, random.Random(9)),
    )

    await assert_adds_up(database, events)


async def test_totals_are_sums_over_the_days_of_those_asked_for(ledger: Ledger) -> None:
    events = some_history(300)
    await ledger.keep(map(ledger.read, events))
    rolled = rolled_up(events)
    march, half = named("2017-03"), Stint("am.li", date(2017, 3, 1), date(2017, 3, 15))

    company = total((await ledger.by_member(march)).values())
    first_half = total((await ledger.by_member(march, [half])).values())

    for metric in (Metric.RECEIVED, Metric.SALES_AMOUNT):
        for who, totals, last in ((AMS, company, 31), (["am.li"], first_half, 15)):
            assert totals[metric, "CNY"].total == sum(
                cell.total
                for key, cell in rolled.cells.items()
                if (key.metric, key.currency) == (metric, "CNY")
                and key.member_id in who
                and date(2017, 3, 1) <= key.day <= date(2017, 3, last)
            )
    assert company[Metric.NEW_CUSTOMERS, None].total == sum(
        first.metric is Metric.NEW_CUSTOMERS and first.day.month == 3 for first in rolled.firsts.values()
    )
    assert await ledger.by_member(march, []) == {}


@pytest.mark.parametrize("who", [None, [Stint("am.li", date(2017, 1, 1), date(2017, 2, 20))]])
async def test_the_facts_behind_a_figure_sum_to_it(ledger: Ledger, who: Who) -> None:
    await ledger.keep(map(ledger.read, some_history(300)))
    quarter = named("2017-Q1")

    totals = total((await ledger.by_member(quarter, who)).values())
    assert len(totals) > 7

    for (metric, currency), cell in totals.items():
        proofs, cursor = [], None
        while True:
            page = await ledger.proofs([metric], quarter, who, currency=currency, cursor=cursor, limit=7)
            proofs += page.items
            if (cursor := page.next_cursor) is None:
                break
        assert sum(proof.contribution.value for proof in proofs) == cell.total, metric
        assert len({proof.event.id for proof in proofs}) == len(proofs) == cell.facts, metric
        assert [proof.fact.day for proof in proofs] == sorted(proof.fact.day for proof in proofs)


async def test_behind_a_new_customer_is_its_first_contract_only(ledger: Ledger) -> None:
    late = happened(a_signing(signed_on=date(2017, 3, 2)), "k2")
    early = happened(a_signing(signed_on=date(2017, 3, 1)), "k1")
    await ledger.keep(map(ledger.read, [late]))
    await ledger.keep(map(ledger.read, [early]))

    page = await ledger.proofs([Metric.NEW_CUSTOMERS], between(date(2017, 3, 1), date(2017, 3, 2)))

    assert [proof.event.id for proof in page.items] == [early.id]
