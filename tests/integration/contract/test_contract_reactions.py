"""Reactions told again and in any order, and the clock of orders with two replicas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.events import an_event
from support.place import Place
from support.service import Client, a_settings, eventually, running
from unit.contract.builders import (
    ACCEPTED_AS,
    AM,
    ANOTHER_AM,
    CALENDAR,
    DRAFTED_ON,
    MONDAY_10H,
    POLICY,
    a_lost_deal,
    a_signature,
    a_won_deal,
    an_accepted_quote,
    an_approved_contract,
    an_assigned_deal,
    the_signing,
)

from contract_service.consumers import reactions
from contract_service.domain.contract import Contract
from contract_service.domain.drafting import draft, record_past_contract
from contract_service.domain.order import accept, hand_over
from contract_service.handlers import Handlers
from contract_service.main import build
from contract_service.settings import ContractSettings
from contract_service.store import ContractStore
from dealwire.catalogue.common import Role
from dealwire.catalogue.contract import ContractSigned, Department
from dealwire.errors import Conflict, Rejected
from dealwire.event import Event, EventData, utc_now
from dealwire.kit.bus import Bus
from dealwire.kit.cause import Cause
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database, Record, RecordStore

A_PAST_DEAL = a_won_deal()
(THE_PAST_SIGNING,) = record_past_contract(A_PAST_DEAL)[1]
DATA: Sequence[EventData] = (
    an_accepted_quote(),
    an_accepted_quote(quote_id="quote-2", opportunity_id="opp-2"),
    a_lost_deal(opportunity_id="opp-2"),
    A_PAST_DEAL,
    a_lost_deal(opportunity_id=A_PAST_DEAL.opportunity_id),
    a_lost_deal(opportunity_id="never-quoted"),
    THE_PAST_SIGNING,
    the_signing(),
    ContractSigned.model_validate(the_signing().model_dump() | {"contract_id": "another"}),
)
EVENTS = [an_event(data, subject=f"subject-{place}") for place, data in enumerate(DATA)]
LAST_AM = "am.wu"
HANDED_OVER = [
    an_event(data, subject="opp-1", sequence=sequence)
    for sequence, data in enumerate(
        (
            an_assigned_deal("am.gone", "am.before"),
            an_accepted_quote(),
            an_assigned_deal(ANOTHER_AM, AM),
            an_assigned_deal(LAST_AM, ANOTHER_AM),
        ),
        start=ACCEPTED_AS - 1,
    )
]
LOST_THEN = an_event(a_lost_deal(am_id=LAST_AM), subject="opp-1", sequence=ACCEPTED_AS + 3)


@asynccontextmanager
async def a_store(place: Place, database: str) -> AsyncIterator[ContractStore]:
    """The stores alone: what they commit stays pending, as nobody brings it to the broker."""
    config = a_settings(ContractSettings, place)
    connected = Database(place.mongo_url, database)
    await connected.ensure_indexes()
    try:
        yield ContractStore(connected, Relay(Bus(config.amqp_url, "nobody")))
    finally:
        await connected.stop()


async def everything(store: ContractStore) -> dict[str, tuple[int, Any]]:
    kept: tuple[RecordStore[Any], ...] = (store.contracts, store.orders)
    records: list[Record[Any]] = [record for each in kept for record in (await each.page({}, limit=200)).items]
    return {record.id: (record.version, record.state) for record in records}


async def react(store: ContractStore, events: Sequence[Event]) -> dict[str, tuple[int, Any]]:
    """What is there after these events; each comes at another time, as the clock on the wall goes on."""
    runs = {model.type: (model, run) for model, run in reactions(Handlers(store, CALENDAR, POLICY)).items()}
    for event in events:
        model, run = runs[event.type]
        with suppress(Conflict):  # a business "no" is logged and acknowledged
            await run(model.model_validate(event.data), Cause.of_event(event, MONDAY_10H))
    return await everything(store)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(EVENTS * 3))
async def test_events_told_three_times_in_any_order_lead_to_the_same_contracts_and_orders(
    place: Place, order: list[Event]
) -> None:
    async with a_store(place, place.database(uuid4().hex[:8])) as store:
        shuffled = await react(store, order)
    async with a_store(place, place.database("in-order")) as store:
        assert shuffled == await react(store, EVENTS)
    assert len(shuffled) == 5  # two drafts, a past contract, two orders; none for the past
    status = {state.opportunity_id: state.status for _, state in shuffled.values() if isinstance(state, Contract)}
    assert status == {"opp-1": "draft", "opp-2": "withdrawn", A_PAST_DEAL.opportunity_id: "signed"}


@pytest.mark.parametrize(
    ("told", "status", "am_id"),
    [
        (HANDED_OVER[:2], "draft", AM),
        (HANDED_OVER, "draft", LAST_AM),
        ([*HANDED_OVER, LOST_THEN], "withdrawn", LAST_AM),
    ],
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choice=st.data())
async def test_a_deal_handed_over_and_lost_leads_to_the_same_contract_in_any_order(
    place: Place, told: list[Event], status: str, am_id: str, choice: st.DataObject
) -> None:
    order = choice.draw(st.permutations(told * 2))
    async with a_store(place, place.database(uuid4().hex[:8])) as store:
        ((_, shuffled),) = (await react(store, order)).values()
    async with a_store(place, place.database(uuid4().hex[:8])) as store:
        ((_, in_order),) = (await react(store, told)).values()
    # Nobody asks a withdrawn contract for the hand-over that it heard of last.
    untold = {"am_since"} if status == "withdrawn" else set()
    assert shuffled.model_dump(exclude=untold) == in_order.model_dump(exclude=untold)
    assert (shuffled.status, shuffled.am_id) == (status, am_id)


async def test_the_quote_of_another_deal_under_a_contracts_id_is_a_fault_and_no_duplicate(place: Place) -> None:
    others = an_event(an_accepted_quote(opportunity_id="opp-2"), subject="opp-2")
    async with a_store(place, place.database("one-deal")) as store:
        drafted = await react(store, EVENTS[:1])
        with pytest.raises(AssertionError, match="is that of deal opp-1"):
            await react(store, [others])
        assert await everything(store) == drafted


async def test_today_is_the_organisations_date_and_not_that_of_utc(place: Place) -> None:
    late_in_the_evening = Cause.of_clock("test", datetime(2025, 3, 10, 17, tzinfo=UTC))  # the eleventh in Shanghai
    async with a_store(place, place.database("today")) as store:
        contract = an_approved_contract()
        drafted = draft(an_accepted_quote(), ACCEPTED_AS, DRAFTED_ON, POLICY)
        await store.contracts.create(contract.id, (contract, drafted[1]), late_in_the_evening)
        handlers = Handlers(store, CALENDAR, POLICY)
        for day, allowed in ((12, False), (11, True)):
            signature = a_signature(signed_on=date(2025, 3, day))
            with nullcontext() if allowed else pytest.raises(Rejected, match="signed-in-the-future"):
                await handlers.sign_contract(contract.id, signature, AM, late_in_the_evening)


async def test_a_late_order_escalates_once_with_two_replicas(place: Place) -> None:
    late = 30
    async with a_store(place, place.database("contract-service")) as store:
        for number in range(late):
            signed = the_signing().model_copy(update={"contract_id": f"contract-{number}"})
            decision = hand_over(signed, utc_now() - timedelta(days=30), CALENDAR, POLICY)
            assert decision is not None
            order, (handed_over,) = decision
            if number == 0:  # accepted in time by everybody: not late at all
                for department in Department:
                    order, _ = accept(order, department, "x", order.accept_by - timedelta(minutes=1))
            await store.orders.create(order.id, (order, (handed_over,)), Cause.of_clock("test", utc_now()))
    async with AsyncExitStack() as stack:
        client, _ = [await stack.enter_async_context(running(build, ContractSettings, place)) for _ in range(2)]
        reader = client.as_("boss", Role.MANAGEMENT)
        await eventually(lambda: _escalated(reader, late - 1), "all late orders have escalated")
        await asyncio.sleep(0.5)  # five more looks at the clock by each replica
        happened = [
            [event["type"] for event in (await reader.get(f"/v1/orders/{order['id']}/timeline")).json()["items"]]
            for order in (await reader.get("/v1/orders", params={"limit": "200"})).json()["items"]
        ]
    assert sorted(happened) == [
        ["order.handed_over.v1"],
        *[["order.handed_over.v1", "order.escalated.v1"]] * (late - 1),
    ]


async def _escalated(reader: Client, number: int) -> bool:
    orders = (await reader.get("/v1/orders", params={"limit": "200"})).json()["items"]
    return sum(1 for order in orders if order["escalated"]) == number
