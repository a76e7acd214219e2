"""Other services' events, in whatever order and however often they arrive."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from integration.pipeline.desk import Desk, done, reactions
from pymongo import MongoClient
from support.place import Place
from support.service import eventually
from unit.pipeline.builders import AM, NOW, SE, a_converted_lead, a_past_deal, yuan

from dealwire.catalogue.common import Role
from dealwire.catalogue.contract import ContractSigned
from dealwire.catalogue.people import MemberChanged
from dealwire.event import EventData, derived_id
from pipeline_service.store import SERVICE

IMPORTED = [f"past-{number}" for number in range(3)]
COMPANIES = ["Acme 有限公司", "ACME 有限公司", "Globex", "globex.", "Initech"]

Told = tuple[EventData, str, int]


def _told() -> list[Told]:
    """Each event with its record and its place among that record's events."""
    leads: list[Told] = [
        (
            a_converted_lead(
                lead_id=f"lead-{number}",
                company=company,
                am_id=f"am.{number}",
                captured_at=NOW + timedelta(hours=(number * 7) % 5),
            ),
            f"lead-{number}",
            6,
        )
        for number, company in enumerate(COMPANIES)
    ]
    contracts: list[Told] = [
        (
            ContractSigned(
                contract_id=f"contract-{external_id}",
                opportunity_id=derived_id("deal", "crm", external_id),
                am_id=AM,
                amount=yuan(100),
                signed_on=date(2017, 3, 1),
                opened_on=date(2016, 10, 20),
                historical=True,
            ),
            f"contract-{external_id}",
            1,
        )
        for external_id in IMPORTED
    ]
    members: list[Told] = [
        (MemberChanged(member_id=SE, name=f"name {sequence}", roles=(Role.SE,)), SE, sequence)
        for sequence in range(2, 8)
    ]
    return [*leads, *contracts, *members]


@pytest.mark.parametrize("seed", [1, 2])
async def test_events_delivered_three_times_and_shuffled_give_the_same_state(
    empty_desk: Desk, place: Place, seed: int
) -> None:
    events = _told() * 3
    random.Random(seed).shuffle(events)
    early, late = events[: len(events) // 2], events[len(events) // 2 :]
    before = reactions("done", "duplicate")

    for event in early:
        await empty_desk.tell(*event)
    # Half of the signatures come before the deals they are about, and wait in the retry tiers.
    rows = [a_past_deal(external_id=external_id).model_dump(mode="json") for external_id in IMPORTED]
    done(await empty_desk.so.post("/v1/imports/deals", json={"source": "crm", "deals": rows}))
    for event in late:
        await empty_desk.tell(*event)

    async def settled() -> bool:
        return reactions("done", "duplicate") >= before + len(events)

    await eventually(settled, "everything has been reacted to", within=40)

    assert _state(place) == _expected()


def _expected() -> dict[str, Any]:
    earliest: dict[str, int] = {"acme": 0, "globex": 3, "initech": 4}
    return {
        "won": sorted((derived_id("deal", "crm", each), f"contract-{each}") for each in IMPORTED),
        "deals": sorted((f"lead-{number}", f"am.{number}", name) for number, name in enumerate(COMPANIES)),
        "accounts": sorted([*((COMPANIES[n], f"am.{n}", f"lead-{n}") for n in earliest.values()), _IMPORTED_ACCOUNT]),
        "member": "name 7",
    }


_IMPORTED_ACCOUNT = ("Cancity", "moses.frase", "")


def _state(place: Place) -> dict[str, Any]:
    with MongoClient[dict[str, Any]](place.mongo_url) as mongo:
        database = mongo[place.database(SERVICE)]
        deals = [each["state"] for each in database["opportunities"].find()]
        accounts = [each["state"] for each in database["accounts"].find()]
        member = database["members"].find_one({"_id": SE})
    return {
        "won": sorted((deal["id"], deal["contract_id"]) for deal in deals if deal["stage"] == "won"),
        "deals": sorted((deal["lead_id"], deal["am_id"], deal["account_name"]) for deal in deals if deal["lead_id"]),
        "accounts": sorted((each["name"], each["owner_id"], each["lead_id"] or "") for each in accounts),
        "member": member and member["data"]["name"],
    }
