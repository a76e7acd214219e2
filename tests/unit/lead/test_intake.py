from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from unit.lead.builders import (
    CALENDAR,
    EMAIL,
    EVERY_STATUS,
    LI,
    MONDAY_10H,
    MONDAY_12H,
    PHONE,
    POLICY,
    a_capture,
    a_contact,
    a_converted_lead,
    a_discarded_lead,
    a_lead,
    an_accepted_lead,
)

from dealwire.catalogue.common import MAX_MINOR, Channel, Contact, Money
from dealwire.catalogue.lead import LeadCaptured, LeadDiscarded, LeadLinked, LeadWithdrawn
from dealwire.catalogue.notifications import NOTIFICATIONS
from dealwire.errors import Conflict
from dealwire.event import Decision
from lead_service.domain import intake
from lead_service.domain.intake import discard, normalise, withdraw
from lead_service.domain.lead import OVER_FOR_NOW, Capture, Lead, LinkedCost, Status

OTHER_PHONE = "+8613900139000"
USCC = "91110000600037341L"


def link(lead: Lead, told: Capture, **how: bool) -> Decision[Lead]:
    return intake.link(lead, told, MONDAY_12H, CALENDAR, POLICY, **how)


def test_every_new_lead_goes_to_intake_with_its_channel_campaign_and_cost() -> None:
    lead, (event,) = intake.capture("lead-1", a_capture(), MONDAY_10H, CALENDAR, POLICY)
    assert (lead.status, lead.captures, lead.captured_at) == (Status.INTAKE, 1, MONDAY_10H)
    assert event == LeadCaptured(lead_id="lead-1", **a_capture().model_dump())
    assert isinstance(event, LeadCaptured)
    assert (event.channel, event.campaign) == (Channel.EXPO, "CMEF 2025")
    assert event.cost == Money(minor=18_000, currency="CNY")


@pytest.mark.parametrize(
    ("contact", "matched_on"),
    [
        (a_contact(email=None), ("phone",)),
        (a_contact(phone=None), ("email",)),
        (a_contact(), ("phone", "email")),
        (a_contact(phone=OTHER_PHONE), ("email",)),
    ],
)
def test_an_exact_duplicate_is_linked_to_the_lead_there_is(contact: Contact, matched_on: tuple[str, ...]) -> None:
    again = a_capture(contact=contact, channel=Channel.WEB_FORM, campaign=None, cost=Money(minor=5, currency="EUR"))
    lead, (event,) = link(a_lead(), again)
    assert (lead.id, lead.captures, lead.status) == ("lead-1", 2, Status.INTAKE)
    assert event == LeadLinked(lead_id="lead-1", matched_on=matched_on, reopened=False, **again.model_dump())


def test_a_credit_code_finds_the_lead_of_its_company() -> None:
    lead, (event,) = link(a_lead(uscc=USCC), a_capture(contact=a_contact(phone=OTHER_PHONE, email=None), uscc=USCC))
    assert isinstance(event, LeadLinked)
    assert (event.matched_on, event.matched_on_uscc) == ((), True)
    assert lead.keys == (f"phone:{PHONE}", f"email:{EMAIL}", f"uscc:{USCC}", f"phone:{OTHER_PHONE}")
    learned, _ = link(a_lead(), a_capture(uscc=USCC))
    assert (learned.capture.uscc, learned.keys[-1]) == (USCC, f"uscc:{USCC}")


def test_what_a_channel_told_is_normalised() -> None:
    told = a_capture(contact=a_contact(phone="138 0013 8000"), uscc=f" {USCC.lower()}")
    assert normalise(told, "CN") == a_capture(uscc=USCC)


def test_a_lead_learns_from_a_linked_capture_what_it_did_not_know() -> None:
    lead = a_lead(contact=a_contact(email=None), industry=None, region=None, need=None)
    learned, _ = link(lead, a_capture(need="A demo"))
    assert learned.capture == lead.capture.model_copy(
        update={"contact": a_contact(), "industry": "medical", "region": "华东", "need": "A demo"}
    )
    assert learned.keys == (f"phone:{PHONE}", f"email:{EMAIL}")


def test_what_was_told_first_stands_and_a_second_number_still_finds_the_lead() -> None:
    told = a_capture(company="Other Ltd", contact=a_contact(name="Someone", phone=OTHER_PHONE), industry="energy")
    learned, _ = link(a_lead(), told)
    assert learned.capture == a_lead().capture
    assert learned.keys == (f"phone:{PHONE}", f"email:{EMAIL}", f"phone:{OTHER_PHONE}")


def test_whoever_has_the_lead_or_the_customer_is_told_that_the_person_came_in_again() -> None:
    for lead, am_id in ((an_accepted_lead(), LI), (a_converted_lead(), LI), (a_lead(grade="B"), None)):
        _, (event,) = link(lead, a_capture(channel=Channel.REPURCHASE, need="Fifty more"))
        assert isinstance(event, LeadLinked)
        assert (event.am_id, event.need) == (am_id, "Fifty more")
    (told,) = [each for each in NOTIFICATIONS if each.event is LeadLinked]
    assert (told.to, told.or_sales_ops) == ("am_id", True)


@pytest.mark.parametrize(
    ("who", "email"),
    [({"name": "陈杰", "phone": None, "email": "chen.jie@example.com"}, None), ({"phone": None}, EMAIL)],
    ids=["a colleague", "the same person"],
)
def test_of_a_colleague_a_lead_learns_no_number_and_no_address_but_is_found_by_them(
    who: dict[str, str | None], email: str | None
) -> None:
    told = a_capture(contact=a_contact(**who), uscc=USCC, region="华北")
    learned, _ = link(a_lead(contact=a_contact(email=None), uscc=USCC, region=None), told)
    assert (learned.capture.contact, learned.capture.region) == (a_contact(email=email), "华北")
    assert f"email:{told.contact.email}" in learned.keys


def test_a_number_that_is_another_leads_is_not_learned() -> None:
    lead = a_lead(contact=a_contact(phone=None), industry=None)
    learned, (event,) = link(lead, a_capture(uscc=USCC), learn_keys=False)
    assert (learned.keys, learned.capture.contact.phone, learned.capture.uscc) == ((f"email:{EMAIL}",), None, None)
    assert learned.capture.industry == "medical"
    assert isinstance(event, LeadLinked)
    assert event.matched_on == ("email",)


def test_what_a_linked_capture_cost_counts_on_its_day_with_its_own_channel_and_campaign() -> None:
    def cost(minor: int, currency: str = "CNY") -> Money:
        return Money(minor=minor, currency=currency)

    later, next_day = MONDAY_12H + timedelta(hours=1), MONDAY_12H + timedelta(days=1)
    lead = a_lead(cost=cost(7), campaign="CMEF")
    for told, at in (
        (a_capture(cost=None), MONDAY_12H),
        (a_capture(cost=cost(100), campaign="autumn"), MONDAY_12H),
        (a_capture(cost=cost(10), campaign="autumn"), later),
        (a_capture(cost=cost(20), campaign="autumn", channel="search"), later),
        (a_capture(cost=cost(30, "EUR"), campaign="autumn"), later),
        (a_capture(cost=cost(40)), later),
        (a_capture(cost=cost(50), campaign="autumn"), next_day),
    ):
        lead, _ = intake.link(lead, told, at, CALENDAR, POLICY)

    assert lead.capture.cost == cost(7)
    assert lead.linked_costs == (
        LinkedCost(at=MONDAY_12H, channel=Channel.EXPO, campaign="autumn", cost=cost(110)),
        LinkedCost(at=later, channel=Channel.SEARCH, campaign="autumn", cost=cost(20)),
        LinkedCost(at=later, channel=Channel.EXPO, campaign="autumn", cost=cost(30, "EUR")),
        LinkedCost(at=later, channel=Channel.EXPO, campaign="CMEF 2025", cost=cost(40)),
        LinkedCost(at=next_day, channel=Channel.EXPO, campaign="autumn", cost=cost(50)),
    )


def test_no_sum_of_linked_costs_is_more_than_an_amount_can_be() -> None:
    lead = a_lead()
    for _ in range(2):
        lead, _ = link(lead, a_capture(cost=Money(minor=MAX_MINOR, currency="CNY")))
    assert [each.cost.minor for each in lead.linked_costs] == [MAX_MINOR, MAX_MINOR]


def test_a_discarded_lead_whose_person_comes_in_again_returns_to_intake() -> None:
    lead, (event,) = link(a_discarded_lead(), a_capture())
    assert (lead.status, lead.discarded_because) == (Status.INTAKE, None)
    assert isinstance(event, LeadLinked)
    assert event.reopened


@pytest.mark.parametrize("status", sorted(set(Status) - OVER_FOR_NOW - {Status.WITHDRAWN, Status.MERGED}))
def test_a_linked_capture_leaves_any_other_lead_where_it_is(status: Status) -> None:
    before = EVERY_STATUS[status]
    lead, (event,) = link(before, a_capture(cost=None))
    assert lead == before.model_copy(update={"captures": 2, "archive_at": MONDAY_12H + timedelta(days=180)})
    assert isinstance(event, LeadLinked)
    assert not event.reopened


@pytest.mark.parametrize("status", [Status.INTAKE, Status.POOL, Status.NURTURE])
def test_an_invalid_lead_is_discarded_with_a_reason(status: Status) -> None:
    lead, events = discard(EVERY_STATUS[status], "no such company")
    assert (lead.status, lead.discarded_because) == (Status.DISCARDED, "no such company")
    assert events == (LeadDiscarded(lead_id="lead-1", reason="no such company"),)


@pytest.mark.parametrize("status", [Status.ASSIGNED, Status.ACCEPTED, Status.CONVERTED])
def test_a_lead_that_an_am_has_is_not_discarded(status: Status) -> None:
    with pytest.raises(Conflict) as no:
        discard(EVERY_STATUS[status], "no such company")
    assert no.value.slug == "lead-not-with-sales-ops"


def test_discarding_again_for_the_same_reason_changes_nothing_and_another_reason_is_refused() -> None:
    lead = a_discarded_lead("spam")
    assert discard(lead, "spam") == (lead, ())
    with pytest.raises(Conflict):
        discard(lead, "wrong number")


def test_an_import_undone_tells_the_day_on_which_each_lead_was_captured() -> None:
    late_in_the_evening = datetime(2025, 3, 10, 17, tzinfo=UTC)  # the eleventh in Shanghai
    lead, _ = intake.capture("lead-1", a_capture(), late_in_the_evening, CALENDAR, POLICY)
    withdrawn, events = withdraw(lead, "the wrong file", CALENDAR)
    assert withdrawn.status is Status.WITHDRAWN
    assert events == (LeadWithdrawn(lead_id="lead-1", reason="the wrong file", captured_on=date(2025, 3, 11)),)
