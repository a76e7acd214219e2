"""Past deals of an older system become ours."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from unit.pipeline.builders import TODAY, a_past_deal

from dealwire.catalogue.common import Money, Stage
from dealwire.catalogue.pipeline import OpportunityLost, OpportunityOpened, WonDealImported
from dealwire.errors import Rejected
from pipeline_service.domain.account import account_id
from pipeline_service.domain.history import import_account, import_deal
from pipeline_service.domain.past_deal import ProductCatalogue, check_days, differences
from pipeline_service.domain.progress import move, win


@pytest.mark.parametrize(
    ("told", "stage"), [("prospecting", Stage.PROSPECT), ("engaging", Stage.NEEDS), ("won", Stage.CONTRACT)]
)
def test_an_imported_deal_is_opened_in_its_stage(told: str, stage: Stage) -> None:
    past = a_past_deal(told, engaged_on=None if told == "prospecting" else "2016-10-20")

    deal, (opened, *_) = import_deal(past, "crm", TODAY, account_id)

    assert isinstance(opened, OpportunityOpened)
    assert opened.historical
    assert (opened.am_id, opened.account_name, opened.product) == ("moses.frase", "Cancity", "GTX Plus Basic")
    assert deal.stage is opened.stage is stage
    assert opened.opened_on == (TODAY if told == "prospecting" else date(2016, 10, 20))


def test_an_imported_open_deal_goes_on_from_its_stage() -> None:
    deal, events = import_deal(a_past_deal("engaging"), "crm", TODAY, account_id)
    assert len(events) == 1

    _, (event,) = move(deal, Stage.SOLUTION, "moses.frase")

    assert event.model_dump()["first_entry"]


def test_an_imported_lost_deal_is_lost_on_its_day() -> None:
    deal, (opened, lost) = import_deal(a_past_deal("lost"), "crm", TODAY, account_id)

    assert isinstance(opened, OpportunityOpened)
    assert opened.stage is Stage.NEEDS
    assert lost == OpportunityLost(
        opportunity_id=deal.id,
        am_id="moses.frase",
        stage=Stage.NEEDS,
        reason="unknown (imported)",
        lost_on=date(2017, 3, 1),
        historical=True,
    )
    assert deal.stage is Stage.LOST


def test_a_lost_deal_that_was_never_engaged_counts_as_opened_on_the_day_it_was_lost() -> None:
    deal, (opened, _) = import_deal(a_past_deal("lost", engaged_on=None), "crm", TODAY, account_id)

    assert (deal.opened_on, opened.model_dump()["stage"]) == (date(2017, 3, 1), Stage.PROSPECT)


def test_an_imported_won_deal_waits_in_contract_until_its_contract_is_signed() -> None:
    value = Money(minor=105_400, currency="USD")

    deal, (_, won) = import_deal(a_past_deal("won"), "crm", TODAY, account_id)

    assert won == WonDealImported(
        opportunity_id=deal.id,
        external_id="1C1I7A6R",
        account_id=account_id("Cancity"),
        account_name="Cancity",
        am_id="moses.frase",
        product="GTX Plus Basic",
        amount=value,
        opened_on=date(2016, 10, 20),
        signed_on=date(2017, 3, 1),
    )
    assert deal.stage is Stage.CONTRACT
    signed, (event,) = win(deal, "contract-1", value, date(2017, 3, 1), historical=True)
    assert signed.stage is Stage.WON
    assert event.model_dump()["historical"]


def test_a_missing_account_is_kept_as_missing() -> None:
    past = a_past_deal("engaging", account=None)

    assert import_account(past, account_id) is None
    deal, _ = import_deal(past, "crm", TODAY, account_id)
    assert deal.account_id is deal.account_name is None


def test_an_imported_account_belongs_to_the_agent_of_its_first_deal() -> None:
    imported = import_account(a_past_deal(), account_id)
    assert imported is not None
    assert (imported[0].owner_id, imported[0].source) == ("moses.frase", "import")


def test_a_deal_imported_again_is_the_same_deal() -> None:
    first, _ = import_deal(a_past_deal(), "crm", TODAY, account_id)
    again, _ = import_deal(a_past_deal(), "crm", date(2024, 5, 1), account_id)
    elsewhere, _ = import_deal(a_past_deal(), "other-crm", TODAY, account_id)

    assert first == again
    assert elsewhere.id != first.id


def test_a_row_that_changed_since_names_what_changed() -> None:
    before = a_past_deal("won")

    assert differences(before, a_past_deal("won")) == []
    assert differences(before, a_past_deal("won", value={"minor": 1, "currency": "USD"})) == ["value"]
    assert set(differences(a_past_deal("engaging"), before)) == {"stage", "closed_on", "value"}


@pytest.mark.parametrize(
    ("stage", "changes", "field"),
    [
        ("won", {"value": None}, "value"),
        ("won", {"engaged_on": None}, "engaged_on"),
        ("won", {"closed_on": None}, "closed_on"),
        ("lost", {"closed_on": None}, "closed_on"),
        ("engaging", {"closed_on": "2017-03-01"}, "closed_on"),
        ("won", {"value": {"minor": -1, "currency": "USD"}}, "minor"),
        ("won", {"value": {"minor": 1, "currency": "XYZ"}}, "currency"),
        ("won", {"closed_on": "yesterday"}, "closed_on"),
    ],
)
def test_a_row_that_lacks_what_its_stage_needs_is_refused_with_the_field(
    stage: str, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        a_past_deal(stage, **changes)
    assert [error["loc"][-1] for error in refused.value.errors()] == [field]


@pytest.mark.parametrize(
    ("changes", "slug", "pointer"),
    [
        ({"closed_on": "2016-10-19"}, "closed-before-engaged", "/closed_on"),
        ({"closed_on": "2024-03-05"}, "in-the-future", "/closed_on"),
        ({"engaged_on": "2024-03-05", "closed_on": "2024-03-05"}, "in-the-future", "/engaged_on"),
    ],
)
def test_a_row_that_contradicts_the_calendar_is_refused(changes: dict[str, Any], slug: str, pointer: str) -> None:
    with pytest.raises(Rejected) as refused:
        check_days(a_past_deal("won", **changes), TODAY)
    assert (refused.value.slug, refused.value.pointer) == (slug, pointer)


def test_a_deal_may_close_on_the_day_it_was_engaged() -> None:
    check_days(a_past_deal("won", closed_on="2016-10-20"), TODAY)


def test_two_spellings_of_a_product_are_one_product() -> None:
    catalogue = ProductCatalogue(["GTX Pro", "GTX Plus Pro"])

    assert a_past_deal(product="GTXPro").with_product_of(catalogue) == a_past_deal(product="GTX Pro")
    assert catalogue.spelling("gtx  plus pro") == "GTX Plus Pro"


def test_a_product_the_catalogue_does_not_know_keeps_its_name() -> None:
    assert ProductCatalogue(["GTX Pro"]).spelling("GTK 500") == "GTK 500"


@given(st.text(min_size=1), st.data())
def test_case_and_spaces_never_make_another_product(name: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(name)))
    assert ProductCatalogue([name]).spelling(f"{name[:cut]} {name[cut:]}".casefold()) == name
