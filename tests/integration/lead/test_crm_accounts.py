"""Acceptance: the accounts of the public "CRM Sales Opportunities" data set are customers; its deals come in as leads."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from integration.lead.desk import LI, a_capture, a_desk, a_phone, done
from support.events import an_event
from support.place import Place
from support.service import eventually

from dealwire.catalogue.pipeline import AccountOpened
from dealwire.event import derived_id
from dealwire.kit.store import Database
from lead_service.store import SERVICE

DATA = Path(os.environ.get("DEALWIRE_CRM_DATA", Path(__file__).parents[4] / "shared/data/crm-sales-opportunities"))
AT_ONCE = 100
EVERY = int(os.environ.get("DEALWIRE_CRM_EVERY", "18"))
"""Of the 8,800 deals, which are all captured with 1: what is looked for is in the names, of which there are 85."""


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.timeout(900)
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the data set is not there: {DATA}")
async def test_leads_that_name_an_account_of_a_crm_are_linked_to_it(place: Place) -> None:
    names = [row["account"] for row in rows("accounts.csv")]
    deals = [row["account"] for row in rows("sales_pipeline.csv")]
    assert (len(names), len(deals)) == (85, 8_800)
    deals = deals[::EVERY]
    assert set(deals) == {*names, ""}
    async with a_desk(place) as desk:
        for name in names:
            account_id = derived_id("account", name)
            await desk.bus.publish(
                an_event(AccountOpened(account_id=account_id, name=name, owner_id=LI), subject=account_id)
            )
        people = [{"name": derived_id(number), "phone": a_phone()} for number in range(len(deals))]
        leads = [
            a_capture(company=name or f"Nobody's {number}", contact=person, channel="partner")
            for number, (name, person) in enumerate(zip(deals, people, strict=True))
        ]
        for start in range(0, len(leads), AT_ONCE):
            await done(desk.so.post("/v1/leads/batch", json={"leads": leads[start : start + AT_ONCE]}))
        database = Database(place.mongo_url, place.database(SERVICE))
        kept = database.collection("leads")

        async def linked() -> Counter[str]:
            by_name = kept.aggregate(
                [
                    {"$match": {"state.customer": {"$ne": None}}},
                    {"$group": {"_id": "$state.customer.name", "leads": {"$sum": 1}}},
                ]
            )
            return Counter({row["_id"]: row["leads"] async for row in by_name})

        async def all_linked() -> Any:
            return sum((await linked()).values()) >= sum(map(bool, deals))

        try:
            await eventually(all_linked, "every lead of a customer is linked", within=600)
            assert await linked() == Counter(name for name in deals if name)
        finally:
            await database.stop()
