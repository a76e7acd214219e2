"""Whatever the order in which events arrive, and however often: the same in the end, in every service."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from faults.house import CALENDAR, NOW, Document, House, Work
from hypothesis import given, settings
from hypothesis import strategies as st
from support.department import A_GRADE, SHA256
from support.place import Servers, new_place

from contract_service.domain.contract import Receipt, Review, Signatory, Signature
from dealwire.catalogue.common import Channel, Contact, Money, QuoteLine, Role, Stage
from dealwire.catalogue.contract import Department, Desk
from dealwire.catalogue.lead import Bant
from dealwire.catalogue.people import Membership
from dealwire.errors import Conflict, NotFound
from dealwire.event import derived_id
from dealwire.kit.cause import Cause
from kpi_service.domain.people import Member, Team
from lead_service.domain.lead import Capture
from pipeline_service.domain.past_deal import PastDeal, PastLostDeal, PastOpenDeal, PastWonDeal, ProductCatalogue

TODAY = CALENDAR.day(NOW)
COMPANIES = ("Acme 有限公司", "ＡＣＭＥ 有限公司", "Globex", "Hooli")
OF_A_CUSTOMER = 1
"""Who comes from the company of another, and so goes to its AM: that depends on who came first, by rule."""

GIVEN_UP = 3
"""Whose deal is lost while its contract is on its way."""

FIGURES = ("deals_signed", "opportunities_won", "opportunities_lost")


def a_cause(key: str, actor: str = "so.zhao", hours: float = 0) -> Cause:
    """A request; a repeat of it has the same key."""
    return Cause(
        actor=actor, now=NOW + timedelta(hours=hours), correlation_id=key, key=f"{actor}:{key}", fingerprint=key
    )


def cny(minor: int) -> Money:
    return Money(minor=minor, currency="CNY")


def people(house: House, number: int) -> list[Work]:
    """A team forms; its AM and SE join and learn an industry."""
    kpi, team = house.kpi, f"team.{number}"
    steps: list[Work] = [partial(kpi.put_team, team, Team(name=team), a_cause(team))]
    for role in (Role.AM, Role.SE):
        who = f"{role}.{number}"
        joined = Member(name=who, roles=(role,), memberships=(Membership(team_id=team, since=date(2020, 1, 1)),))
        learned = joined.model_copy(update={"name": f"{who} the expert", "industries": (f"industry {number}",)})
        steps.append(partial(kpi.put_member, who, joined, a_cause(f"{who} joined")))
        steps.append(partial(kpi.put_member, who, learned, a_cause(f"{who} learned")))
    return steps


@dataclass(frozen=True)
class Road:
    """What people do about one lead, one step after the other; or they lose its deal instead."""

    selling: Sequence[Work]
    reviewing: Sequence[Work]
    sign: Work
    fulfilling: Sequence[Work]
    lose: Work

    @property
    def whole(self) -> list[Work]:
        return [*self.selling, *self.reviewing, self.sign, *self.fulfilling]


def a_road(house: House, number: int) -> Road:
    """A lead on the main road to its end. Of two leads of one company, the one that was captured first comes last here."""
    known_customer = number == OF_A_CUSTOMER
    am, se = "am.0" if known_customer else f"am.{number}", f"se.{number}"

    def by(who: str, what: str) -> Cause:
        return a_cause(f"{number} {what}", who, hours=-number)

    capture = Capture(
        company=COMPANIES[number],
        contact=Contact(name="王芳", phone=f"139 0000 000{number}"),
        channel=Channel.EXPO,
        industry=f"industry {number}",
    )
    lead_id = by("so.zhao", "capture").new_id("lead")
    deal_id = derived_id("opportunity", lead_id)
    quote_id = by(am, "draft").new_id("quote", deal_id)
    contract_id = derived_id("contract", quote_id)
    order_id = derived_id("order", contract_id)
    lines = (QuoteLine(product="MRI", quantity=1, unit_price=cny(1_000_000 + number)),)
    signatories = (Signatory(name="Zhao Min", party="ours"), Signatory(name="Wang Fang", party="customer"))
    signed_on = CALENDAR.day(by(am, "accept quote").now)
    lead, pipeline, contract = house.lead, house.pipeline, house.contract

    async def be_a_customer() -> None:
        """Once lead-service has heard of the account that another lead of this company became."""
        if not await house.lead_store.near.customers(capture.company, limit=1):
            raise NotFound("not-yet", f"{capture.company} is no customer yet.")

    async def be_recognised() -> None:
        await house.look_out()
        assert (await house.lead_store.leads.get(lead_id)).state.customer

    async def qualify() -> None:
        """Once lead-service has heard of what the AM and the SE learned."""
        for who in (am, se):
            known = await house.lead_store.members.get(who)
            if known is None or not known.industries:
                raise NotFound("not-yet", f"{who} is not known well enough.")
        await lead.qualify_lead(lead_id, Bant(**A_GRADE), by("so.zhao", "qualify"))

    def desk(role: Role, at: Desk) -> Work:
        decision = Review(desk=at, approved=True, by=f"{role}.desk")
        return partial(contract.review_contract, contract_id, decision, (role,), by(decision.by, at))

    selling: list[Work] = [
        *([be_a_customer] if known_customer else []),
        partial(lead.capture_lead, capture, by("so.zhao", "capture")),
        *([be_recognised] if known_customer else []),
        partial(lead.capture_lead, capture, by("so.zhao", "again")),
        qualify,
        partial(lead.accept_lead, lead_id, am, by(am, "accept")),
        partial(lead.convert_lead, lead_id, am, by(am, "convert")),
        *(
            partial(pipeline.move_opportunity, deal_id, stage, am, by(am, stage))
            for stage in (Stage.NEEDS, Stage.SOLUTION, Stage.QUOTE)
        ),
        partial(pipeline.draft_quote, deal_id, lines, am, by(am, "draft")),
        partial(pipeline.confirm_quote, deal_id, quote_id, am, by(am, "confirm")),
        partial(pipeline.confirm_quote, deal_id, quote_id, se, by(se, "confirm")),
        partial(pipeline.send_quote, deal_id, quote_id, am, by(am, "send")),
        partial(pipeline.accept_quote, deal_id, quote_id, am, by(am, "accept quote")),
    ]
    reviewing: list[Work] = [
        partial(contract.submit_contract, contract_id, am, by(am, "submit")),
        desk(Role.SO, Desk.SALES_OPS),
        desk(Role.FINANCE, Desk.FINANCE),
    ]
    signature = Signature(signatories=signatories, document_sha256=SHA256, signed_on=signed_on)
    fulfilling: list[Work] = [
        partial(
            contract.record_receipt,
            contract_id,
            Receipt(reference="first", amount=cny(500_000), received_on=signed_on),
            by("finance.desk", "receipt"),
        ),
        *(
            partial(contract.accept_order, order_id, department, "so.zhao", by("so.zhao", department))
            for department in Department
        ),
        partial(contract.deliver_order, order_id, signed_on, by("cs.sun", "deliver")),
    ]
    return Road(
        selling,
        reviewing,
        sign=partial(contract.sign_contract, contract_id, signature, am, by(am, "sign")),
        fulfilling=fulfilling,
        lose=partial(pipeline.lose_opportunity, deal_id, "the budget was cut", am, by(am, "lose")),
    )


def history(house: House) -> list[Work]:
    """Deals of an older system, one of them told before in another batch."""
    told: dict[str, Any] = {"agent": "am.0", "product": "CT"}
    won = PastWonDeal(
        **told,
        external_id="1",
        stage="won",
        account="Umbrella",
        engaged_on=date(2017, 1, 2),
        closed_on=date(2017, 3, 4),
        value=cny(99),
    )
    lost = PastLostDeal(**told, external_id="2", stage="lost", account="Initech", closed_on=date(2017, 5, 6))
    still = PastOpenDeal(**told, external_id="3", stage="engaging", engaged_on=date(2017, 7, 8))
    batches: tuple[tuple[PastDeal, ...], ...] = ((won, lost), (lost, still))
    return [
        partial(house.importer.import_deals, "crm", batch, ProductCatalogue(()), a_cause(f"batch {number}"))
        for number, batch in enumerate(batches)
    ]


def everything(house: House) -> Sequence[Sequence[Work]]:
    roads = [a_road(house, number) for number in range(len(COMPANIES))]
    given_up = roads.pop(GIVEN_UP)
    return [
        history(house),
        *(people(house, number) for number in range(len(COMPANIES))),
        *(road.whole for road in roads),
        [*given_up.selling, given_up.lose],
    ]


@pytest.fixture(scope="module")
async def house(infra: Servers) -> AsyncIterator[House]:
    async with new_place(infra) as place:
        house = House(place)
        await house.start()
        yield house
        await house.stop()


@pytest.fixture(scope="module")
async def right(house: House) -> Document:
    """How it comes out when every event arrives once and in order."""
    await house.clear()
    await house.in_order(everything(house))
    state = await house.state()
    assert len(state["contract orders"]) == len(COMPANIES) - 1
    statuses = Counter(contract["status"] for contract, _ in state["contract contracts"].values())
    assert statuses == {"signed": len(COMPANIES), "withdrawn": 1}, "one of the signed ones is history"
    assert {deal["stage"] for deal, _ in state["pipeline opportunities"].values()} == {"won", "lost", "needs"}
    return state


@settings(max_examples=6)
@given(chance=st.randoms(use_true_random=False))
async def test_every_event_and_command_three_times_and_shuffled_gives_the_same_state(
    house: House, right: Document, chance: random.Random
) -> None:
    await house.clear()
    await house.in_disorder(everything(house), chance)
    state = await house.state()
    for part, documents in right.items():
        assert state[part] == documents, part


@settings(max_examples=8)
@given(chance=st.randoms(use_true_random=False))
async def test_a_deal_given_up_while_its_contract_is_signed_is_won_or_lost_in_all_books(
    house: House, chance: random.Random
) -> None:
    await house.clear()
    road = a_road(house, GIVEN_UP)
    await house.in_order([people(house, GIVEN_UP), [*road.selling, *road.reviewing]])

    async def tried(step: Work) -> None:
        """Whoever comes too late is told so."""
        with suppress(Conflict):
            await step()

    await house.in_disorder([[partial(tried, road.sign)], [partial(tried, road.lose)]], chance)

    state = await house.state()
    ((contract, _),) = state["contract contracts"].values()
    ((deal, _),) = state["pipeline opportunities"].values()
    cells = [(name, cell["total"]) for day in state["daily"].values() for name, cell in day["cells"].items()]
    counted = {name: sum(total for each, total in cells if each == f"{name} -") for name in FIGURES}
    signed = contract["status"] == "signed"
    assert contract["status"] in {"signed", "withdrawn"}
    assert deal["stage"] == ("won" if signed else "lost")
    assert counted == dict(zip(FIGURES, (signed, signed, not signed), strict=True))
    assert len(state["contract orders"]) == signed
