from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import (
    CALENDAR,
    EMAIL,
    LI,
    MONDAY_10H,
    PHONE,
    POLICY,
    a_capture,
    a_contact,
    a_lead,
    an_assigned_lead,
)

from dealwire.catalogue.lead import Facts, LeadFactsCompleted
from dealwire.errors import Rejected
from lead_service.domain import intake, matching, merging
from lead_service.domain.correction import NOBODY, Person, SomebodyElses, complete, keys, normalise
from lead_service.domain.lead import AccountLink, Capture, Lead

OTHER_PHONE, OTHER_EMAIL = "+8613900139000", "fang@example.org"
CODE, OTHER_CODE = "91110000600037341L", "91310000607378229C"
CUSTOMER = AccountLink(account_id="acc-1", name="协和医疗", am_id=LI)


def corrected(lead: Lead, person: Person = NOBODY, **facts: Any) -> Lead:
    return complete(lead, Facts(**facts), None, person)[0]


def merged(lead: Lead, other: Lead) -> tuple[Lead, Lead]:
    """The one that went, and the survivor."""
    return merging.merge(other, lead.id)[0], merging.absorb(lead, other)[0]


def test_whatever_a_capture_tells_of_person_and_company_is_completed_or_corrected() -> None:
    told = a_capture(
        company="明川电子",
        contact=a_contact(name="陈杰", phone=OTHER_PHONE, email=OTHER_EMAIL, title="总监"),
        industry="energy",
        region="华南",
        size=80,
        product_line="imaging",
        uscc=CODE,
        need="A demo",
    )
    facts = Facts.model_validate(told.model_dump())
    person = Person.model_validate(told.contact.model_dump())
    lead, (event,) = complete(a_lead(), facts, None, person)
    assert lead.capture == told
    assert (lead.keys, lead.blocks) == (intake.keys(told), matching.blocks(told))
    assert "chenjie" not in lead.terms
    assert {"陈杰", "明川"} <= set(lead.terms)
    assert isinstance(event, LeadFactsCompleted)
    assert (event.facts, event.contact, event.left_account_id) == (facts, told.contact, None)
    assert complete(lead, facts, None, person) == (lead, ())


VALUES = {"phone": (PHONE, OTHER_PHONE), "email": (EMAIL, OTHER_EMAIL)}
SOMEBODY = st.fixed_dictionaries({field: st.sampled_from([None, *values]) for field, values in VALUES.items()})
CODES = st.sampled_from([None, CODE, OTHER_CODE])


@given(told=SOMEBODY.filter(lambda told: any(told.values())), code=CODES, found=SOMEBODY, found_code=CODES)
def test_a_corrected_number_finds_the_lead_and_the_wrong_one_no_longer_does(
    told: dict[str, str | None], code: str | None, found: dict[str, str | None], found_code: str | None
) -> None:
    """However much was known: the lead is found by exactly what is known of it now."""
    lead = corrected(a_lead(contact=a_contact(**told), uscc=code), Person(**found), uscc=found_code)
    assert sorted(lead.keys) == sorted(intake.keys(lead.capture))
    for field in VALUES:
        assert getattr(lead.capture.contact, field) == (found[field] or told[field])
    assert lead.capture.uscc == (found_code or code)


def test_a_second_number_that_a_linked_capture_told_still_finds_the_lead() -> None:
    told = a_capture(contact=a_contact(phone=OTHER_PHONE))
    lead, _ = intake.link(a_lead(), told, MONDAY_10H, CALENDAR, POLICY)
    lead = corrected(lead, Person(phone="+8613700137000"))
    assert set(lead.keys) == {f"email:{EMAIL}", f"phone:{OTHER_PHONE}", "phone:+8613700137000"}


def test_what_was_found_out_is_normalised_as_a_capture_is() -> None:
    told = Person(phone="１３９ 0013 9000", email=" Fang@Example.ORG ", name="陈杰")
    facts, person = normalise(Facts(uscc="91310000607378229c", size=3), told, "CN")
    assert person == Person(phone=OTHER_PHONE, email=OTHER_EMAIL, name="陈杰")
    assert facts == Facts(uscc=OTHER_CODE, size=3)
    assert keys(facts, person) == (f"phone:{OTHER_PHONE}", f"email:{OTHER_EMAIL}", f"uscc:{OTHER_CODE}")
    assert (normalise(Facts(), NOBODY, "CN"), keys(Facts(), NOBODY)) == ((Facts(), NOBODY), ())
    wrong: tuple[tuple[Facts, Person, str], ...] = (
        (Facts(), Person(phone="123"), "/contact/phone"),
        (Facts(), Person(email="fang"), "/contact/email"),
        (Facts(uscc="91310000607378229X"), NOBODY, "/uscc"),
    )
    for facts, person, pointer in wrong:
        with pytest.raises(Rejected) as no:
            normalise(facts, person, "CN")
        assert no.value.pointer == pointer


def test_a_number_that_another_lead_has_is_refused_with_its_field() -> None:
    for key, pointer in (("phone:+1", "/contact/phone"), ("email:x@y.z", "/contact/email"), ("uscc:1", "/uscc")):
        no = SomebodyElses(key, "lead-2")
        assert no.pointer == pointer
        assert "lead-2" in no.detail


@given(mine=SOMEBODY, found=SOMEBODY)
def test_a_merge_undone_after_a_correction_gives_the_other_back_what_it_brought(
    mine: dict[str, str | None], found: dict[str, str | None]
) -> None:
    lead = a_lead(contact=a_contact(**mine | {"email": mine["email"] or "li@example.net"}))
    other = a_lead("lead-2", contact=a_contact(phone=OTHER_PHONE, email=OTHER_EMAIL), uscc=CODE)
    other = other.model_copy(update={"keys": tuple(key for key in other.keys if key not in lead.keys)})
    went, survivor = merged(lead, other)
    survivor = corrected(survivor, Person(**found), uscc=OTHER_CODE)
    assert set(other.keys) <= set(survivor.keys), "what the other brought is kept for it"
    back, survivor = merging.unmerge(went)[0], merging.release(survivor, "lead-2")[0]
    assert back == other
    assert set(survivor.keys).isdisjoint(other.keys)
    assert survivor.keys


def test_a_lead_whose_company_is_corrected_is_no_longer_the_customers_that_the_wrong_name_stood_for() -> None:
    mistaken = an_assigned_lead().model_copy(update={"customer": CUSTOMER})
    lead, (event,) = complete(mistaken, Facts(company="明川电子"), LI)
    assert isinstance(event, LeadFactsCompleted)
    assert (lead.customer, event.left_account_id, lead.am_id) == (None, "acc-1", LI)
    spelt = corrected(mistaken, company="协和医疗（集团）股份有限公司")
    settled_by_a_person = a_lead(company="协和医院").model_copy(update={"customer": CUSTOMER})
    for still in (spelt, corrected(settled_by_a_person, company="明川电子"), corrected(mistaken, size=3)):
        assert still.customer == CUSTOMER


def test_channel_campaign_and_cost_of_a_capture_stay_as_they_were() -> None:
    told: Capture = a_capture()
    lead = corrected(a_lead(), Person(name="陈杰"), company="明川电子")
    for field in ("channel", "campaign", "cost"):
        assert getattr(lead.capture, field) == getattr(told, field)
