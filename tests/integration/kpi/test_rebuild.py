from __future__ import annotations

import asyncio
import random
from datetime import date
from typing import Any

import pytest
from integration.kpi.history import assert_adds_up, some_history, stored
from integration.kpi.test_ledger import deliver
from pymongo.errors import OperationFailure
from unit.kpi.builders import a_signing, happened

from dealwire.kit.store import Database
from kpi_service.store.ledger import Ledger
from kpi_service.store.rebuild import Report, rebuild


async def rebuilt(ledger: Ledger, *, check: bool = False) -> Report:
    *_, last = [report async for report in rebuild(ledger, check=check)]
    assert last.done
    return last


async def damage(database: Database) -> None:
    """A number lost, one too high, one of nothing; a first lost, one too late, one of an event that never was."""
    daily, firsts = database.collection("daily"), database.collection("firsts")
    cells, entries = sorted(await stored(database, "daily")), await stored(database, "firsts")
    lost, late, ghost = sorted(entries)[:3]
    await daily.delete_one({"_id": cells[0]})
    await daily.update_one({"_id": cells[1]}, {"$inc": {"cells.deals_signed -.total": 1}})
    await daily.insert_one({"_id": "nonsense", "day": "2031-01-01", "cells": {"luck -": {"total": 1}}})
    await firsts.delete_one({"_id": lost})
    await firsts.update_one({"_id": late}, {"$set": {"first.day": "2032-01-01"}})
    await firsts.update_one({"_id": ghost}, {"$set": {"first.day": "1999-01-01", "first.event_id": "ghost"}})


async def test_a_rebuild_of_what_is_right_finds_and_changes_nothing(ledger: Ledger, database: Database) -> None:
    events = some_history(300)
    await ledger.keep(map(ledger.read, events))

    report = await rebuilt(ledger)

    assert (report.facts, report.facts_changed, report.differing) == (300, 0, 0)
    assert report.days == report.days_done > 50
    await assert_adds_up(database, events)


async def test_a_check_says_what_differs_and_changes_nothing(ledger: Ledger, database: Database) -> None:
    await ledger.keep(map(ledger.read, some_history(300)))
    await damage(database)
    before: list[Any] = [await stored(database, name) for name in ("facts", "daily", "firsts")]

    report = await rebuilt(ledger, check=True)

    assert report.differing == len(report.differences) == 6
    assert [await stored(database, name) for name in ("facts", "daily", "firsts")] == before


async def test_a_rebuild_gives_the_same_numbers_again(ledger: Ledger, database: Database) -> None:
    events = some_history(300)
    await ledger.keep(map(ledger.read, events))
    await damage(database)

    assert (await rebuilt(ledger)).differing == 6

    await assert_adds_up(database, events)
    assert (await rebuilt(ledger, check=True)).differing == 0


async def test_a_rebuild_from_nothing_but_the_facts_gives_the_same_numbers(ledger: Ledger, database: Database) -> None:
    events = some_history(300)
    await ledger.keep(map(ledger.read, events))
    await database.collection("daily").delete_many({})
    await database.collection("firsts").delete_many({})

    await rebuilt(ledger)

    await assert_adds_up(database, events)


async def test_a_reading_that_has_changed_is_applied_to_the_past(ledger: Ledger, database: Database) -> None:
    events = some_history(300)
    await ledger.keep(map(ledger.read, events))
    older = {"day": "2016-12-31", "contributions": [{"metric": "luck", "value": 7}]}
    await database.collection("facts").update_many({"day": {"$lt": "2017-02-01"}}, {"$set": older})

    assert (await rebuilt(ledger, check=True)).facts_changed > 50
    await rebuilt(ledger)

    await assert_adds_up(database, events)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_events_projected_during_rebuilds_are_not_lost(ledger: Ledger, database: Database, seed: int) -> None:
    events, chance = some_history(900, seed), random.Random(seed)
    await ledger.keep(map(ledger.read, events[:300]))
    await database.collection("daily").delete_many({})
    await database.collection("firsts").update_many({}, {"$set": {"first.day": "1999-01-01"}})

    await asyncio.gather(
        deliver(ledger, events[300:600], chance),
        deliver(ledger, events[600:], chance),
        rebuilt(ledger),
        rebuilt(ledger),
    )

    await assert_adds_up(database, events)


async def test_a_fact_that_changes_no_first_still_stops_a_correction_at_the_same_time(
    ledger: Ledger, database: Database
) -> None:
    """Else a correction that has not seen the fact would put a later one in the place of a first that is wrong."""
    once, firsts = "customer/acme", database.collection("firsts")
    first, later = (happened(a_signing(signed_on=date(2017, 3, day)), f"k{day}") for day in (1, 2))
    await ledger.keep(map(ledger.read, [first]))

    async def correct() -> None:
        async with database.transaction() as session:
            await firsts.find_one({"_id": once}, session=session)
            await ledger.keep(map(ledger.read, [later]))
            await firsts.delete_one({"_id": once}, session=session)

    with pytest.raises(OperationFailure) as conflict:
        await correct()
    assert conflict.value.has_error_label("TransientTransactionError")
    await assert_adds_up(database, [first, later])
