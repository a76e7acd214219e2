"""One account per company (P14, X4)."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.pipeline.builders import AM, NOW, a_converted_lead, an_account

from dealwire.catalogue.pipeline import AccountChanged, AccountOpened
from pipeline_service.domain.account import Account, account_id, fold, keep_earliest, open_account, told_by_lead


def test_a_company_gets_its_account_file() -> None:
    lead = a_converted_lead(industry="Retail", region="East")

    account, events = open_account(told_by_lead(lead))

    assert events == (
        AccountOpened(account_id=account.id, name="Acme 有限公司", industry="Retail", region="East", owner_id=AM),
    )
    assert (account.source, account.lead_id, account.told_at) == ("lead", "lead-1", lead.captured_at)


def test_a_lead_captured_earlier_says_what_the_account_is() -> None:
    later = told_by_lead(a_converted_lead(lead_id="lead-2", am_id="am.chen", captured_at=NOW + timedelta(days=1)))
    earlier = told_by_lead(a_converted_lead(company="ACME 有限公司"))

    account, events = keep_earliest(later, earlier)

    assert events == (AccountChanged(account_id=later.id, name="ACME 有限公司", owner_id=AM),)
    assert keep_earliest(account, later) == (account, ())
    assert keep_earliest(account, earlier) == (account, ())


def test_an_imported_account_stays_as_it_was_imported() -> None:
    imported = an_account(source="import", told_at=None, lead_id=None)
    assert keep_earliest(imported, an_account(owner_id="am.chen")) == (imported, ())


@given(st.data())
def test_leads_of_one_company_give_the_same_account_in_any_order(data: st.DataObject) -> None:
    hours = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=5))
    told = [
        told_by_lead(a_converted_lead(lead_id=f"lead-{n}", am_id=f"am.{n}", captured_at=NOW + timedelta(hours=hour)))
        for n, hour in enumerate(hours)
    ]

    def arrived(order: list[Account]) -> Account:
        return reduce(lambda known, lead: keep_earliest(known, lead)[0], order)

    assert arrived(data.draw(st.permutations(told * 2))) == arrived(told)


@pytest.mark.parametrize(
    "spelling",
    ["ACME, Inc.", "acme  inc", "ＡＣＭＥ　Ｉｎｃ．", "Acme-Inc", " acme\u00a0inc ", "Ac\u200bme Inc"],
)
def test_one_company_has_one_account_however_its_name_is_typed(spelling: str) -> None:
    assert account_id(spelling) == account_id("Acme Inc")


def test_chinese_names_in_either_width_of_bracket_are_one_company() -> None:
    assert account_id("华为（深圳）") == account_id("华为(深圳)")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme Inc", "Acmeinc"), ("Acme 1", "Acme 2"), ("华为", "华威"), ("!!!", "???"), ("กี", "กิ")],
)
def test_two_companies_have_two_accounts(one: str, other: str) -> None:
    assert account_id(one) != account_id(other)


@given(st.text(min_size=1))
def test_width_case_and_space_around_a_name_never_make_another_account(name: str) -> None:
    assert fold(f"  {unicodedata.normalize('NFKC', name)}\t") == fold(name)
    assert fold(name.casefold()) == fold(name)


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1), st.sampled_from(" -_,.·（）\t\u3000"))
def test_what_stands_between_words_is_one_space(word: str, mark: str) -> None:
    assert fold(f"{word}{mark}{mark}{word}") == fold(f"{word} {word}")
