"""One account per company (P14, X4)."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from functools import partial, reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.pipeline.builders import AM, NOW, a_converted_lead, a_member, an_account

from dealwire.catalogue.common import Role
from dealwire.catalogue.people import MemberChanged
from dealwire.catalogue.pipeline import AccountChanged, AccountOpened
from dealwire.errors import Rejected
from pipeline_service.domain.account import (
    Account,
    account_id,
    assign_owner,
    former_account_id,
    keep_earliest,
    open_account,
    told_by_lead,
)


def test_a_company_gets_its_account_file() -> None:
    lead = a_converted_lead(industry="Retail", region="East")

    account, events = open_account(told_by_lead(lead, account_id))

    assert events == (
        AccountOpened(account_id=account.id, name="Acme 有限公司", industry="Retail", region="East", owner_id=AM),
    )
    assert (account.source, account.lead_id, account.told_at) == ("lead", "lead-1", lead.captured_at)


def test_a_lead_captured_earlier_says_what_the_account_is() -> None:
    later = told_by_lead(
        a_converted_lead(lead_id="lead-2", am_id="am.chen", captured_at=NOW + timedelta(days=1)), account_id
    )
    earlier = told_by_lead(a_converted_lead(company="ACME 有限公司"), account_id)

    account, events = keep_earliest(later, earlier)

    assert events == (AccountChanged(account_id=later.id, name="ACME 有限公司", owner_id=AM),)
    assert keep_earliest(account, later) == (account, ())
    assert keep_earliest(account, earlier) == (account, ())


def test_an_imported_account_stays_as_it_was_imported() -> None:
    imported = an_account(source="import", told_at=None, lead_id=None)
    assert keep_earliest(imported, an_account(owner_id="am.chen")) == (imported, ())


def _told_by_leads_of(hours: list[int]) -> list[Account]:
    """What leads of one company tell that were captured in these hours, each with an AM of its own."""
    return [
        told_by_lead(
            a_converted_lead(lead_id=f"lead-{n}", am_id=f"am.{n}", captured_at=NOW + timedelta(hours=hour)), account_id
        )
        for n, hour in enumerate(hours)
    ]


def _arrived(order: list[Account]) -> Account:
    return reduce(lambda known, lead: keep_earliest(known, lead)[0], order)


HOURS = st.lists(st.integers(0, 3), min_size=1, max_size=5)


@given(st.data())
def test_leads_of_one_company_give_the_same_account_in_any_order(data: st.DataObject) -> None:
    told = _told_by_leads_of(data.draw(HOURS))
    assert _arrived(data.draw(st.permutations(told * 2))) == _arrived(told)


@given(st.data(), st.sampled_from(["am.0", "am.1", "am.chen"]))
def test_the_owner_that_somebody_assigned_stays_whichever_lead_arrives_when(data: st.DataObject, am_id: str) -> None:
    told = _told_by_leads_of(data.draw(HOURS))
    first, *later = data.draw(st.permutations(told * 2))
    arrive = [partial(keep_earliest, told=lead) for lead in later]
    handed_over = [partial(assign_owner, am=a_member(am_id, Role.AM))] * 2

    account = reduce(lambda known, step: step(known)[0], data.draw(st.permutations([*arrive, *handed_over])), first)

    assert account == _arrived(told).model_copy(update={"owner_id": am_id, "owner_assigned": True})


def test_a_customer_is_handed_over_to_another_active_am() -> None:
    account, events = assign_owner(an_account(industry="Retail"), a_member("am.chen", Role.AM))

    assert events == (AccountChanged(account_id=account.id, name=account.name, industry="Retail", owner_id="am.chen"),)
    assert account == an_account(industry="Retail", owner_id="am.chen", owner_assigned=True)
    assert assign_owner(account, a_member("am.chen", Role.AM)) == (account, ())
    assert assign_owner(account, a_member(AM, Role.AM))[0].owner_id == AM


@pytest.mark.parametrize("member", [a_member("se.wang", Role.SE), a_member("am.old", Role.AM, active=False)])
def test_a_customer_is_handed_over_to_no_other_member(member: MemberChanged) -> None:
    with pytest.raises(Rejected) as refused:
        assign_owner(an_account(), member)
    assert (refused.value.slug, refused.value.pointer) == ("no-such-am", "/am_id")


def test_an_account_of_before_has_an_owner_that_nobody_assigned() -> None:
    before = an_account().model_dump(mode="json", exclude={"owner_assigned"})
    assert Account.model_validate(before) == an_account(owner_assigned=False)


@pytest.mark.parametrize(
    "spelling",
    ["ACME, Inc.", "acme  gmbh", "ＡＣＭＥ　Ｉｎｃ．", "Acme-Inc", " acme\u00a0inc ", "Ac\u200bme Inc", "Acme"],
)
def test_one_company_has_one_account_however_its_name_is_typed(spelling: str) -> None:
    assert account_id(spelling) == account_id("Acme Inc")


def test_a_chinese_company_has_one_account_in_either_script_and_any_legal_form() -> None:
    spellings = ("华为技术（深圳）有限公司", "華為技術(深圳)有限公司", "深圳华为技术", "深圳市华为技术有限责任公司")
    assert len({account_id(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme Inc", "Acne Inc"), ("Acme 1", "Acme 2"), ("华为", "华威"), ("!!!", "???"), ("深圳华为", "北京华为")],
)
def test_two_companies_have_two_accounts(one: str, other: str) -> None:
    assert account_id(one) != account_id(other)


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("Acme Inc", "3f75f021-01f7-507b-8b63-c14800ff5f9e"),
        ("ＡＣＭＥ　Ｉｎｃ．", "3f75f021-01f7-507b-8b63-c14800ff5f9e"),
        ("华为（深圳）", "434c5df5-4783-501a-893d-1bae882ebc6e"),
        ("!!!", "96254cd4-464a-5ab3-88d0-c28db0f1c5f5"),
    ],
)
def test_a_former_id_is_that_of_the_name_without_width_case_spacing_and_punctuation(name: str, id_: str) -> None:
    assert former_account_id(name) == id_


@given(st.text(min_size=1))
def test_width_case_and_space_around_a_name_never_made_another_account(name: str) -> None:
    assert former_account_id(f"  {unicodedata.normalize('NFKC', name)}\t") == former_account_id(name)
    assert former_account_id(name.casefold()) == former_account_id(name)
