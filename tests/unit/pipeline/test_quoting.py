"""A quote stands only when both AM and SE confirmed it (P8)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.pipeline.builders import (
    AM,
    NOW,
    POLICY,
    SE,
    TODAY,
    a_deal,
    a_deal_in_contract,
    a_line,
    a_member,
    a_quoted_deal,
    a_sent_deal,
    yuan,
)

from dealwire.catalogue.common import MAX_MINOR, Money, Role, Stage
from dealwire.catalogue.pipeline import (
    OpportunityStageChanged,
    QuoteAccepted,
    QuoteConfirmed,
    QuoteDrafted,
    QuoteSent,
)
from dealwire.errors import Conflict, Forbidden, NotFound, Rejected
from dealwire.event import Decision
from pipeline_service.domain.opportunity import Opportunity
from pipeline_service.domain.policy import Policy
from pipeline_service.domain.progress import assign_am, assign_se, lose
from pipeline_service.domain.quote import QuoteStatus, line_total, total
from pipeline_service.domain.quoting import QUOTING, accept_quote, confirm_quote, draft_quote, find_quote, send_quote


def test_a_quote_is_drafted_with_its_total() -> None:
    lines = (a_line(), a_line(product="MG Special", quantity=3, unit_price=yuan(55), discount_percent=10))

    deal, events = draft_quote(a_deal(Stage.QUOTE), "q1", lines, AM, POLICY)

    price = Money(minor=2 * 482_100 + 14_850, currency="CNY")
    assert events == (QuoteDrafted(opportunity_id="deal-1", quote_id="q1", lines=lines, total=price),)
    assert deal.quotes[0].total == price
    assert draft_quote(deal, "q1", lines, AM, POLICY) == (deal, ())


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in QUOTING])
def test_a_deal_is_quoted_in_quote_or_negotiation(stage: Stage) -> None:
    with pytest.raises(Conflict):
        draft_quote(a_deal(stage), "q1", [a_line()], AM, POLICY)


def test_a_deal_without_se_is_not_quoted() -> None:
    with pytest.raises(Conflict) as refused:
        draft_quote(a_deal(Stage.QUOTE, se_id=None), "q1", [a_line()], AM, POLICY)
    assert refused.value.slug == "no-se"


@pytest.mark.parametrize("earlier", [a_quoted_deal(confirmed_by=(AM, SE)), a_sent_deal()])
def test_a_new_quote_supersedes_one_that_was_not_accepted(earlier: Opportunity) -> None:
    deal, _ = draft_quote(earlier, "q2", [a_line()], AM, POLICY)

    assert [quote.status for quote in deal.quotes] == [QuoteStatus.SUPERSEDED, QuoteStatus.DRAFT]
    with pytest.raises(Conflict, match="this one is superseded"):
        send_quote(deal, "q1", AM)
    with pytest.raises(Conflict, match="this one is superseded"):
        accept_quote(deal, "q1", AM, NOW)


def test_a_quote_is_sent_only_when_both_am_and_se_confirmed_it() -> None:
    for confirmed_by, missing in (((), f"{AM} and {SE}"), ((AM,), SE), ((SE,), AM)):
        with pytest.raises(Conflict, match=f"still needs the confirmation of {missing}"):
            send_quote(a_quoted_deal(confirmed_by=confirmed_by), "q1", AM)

    deal, events = send_quote(a_quoted_deal(confirmed_by=(SE, AM)), "q1", AM)

    assert events == (QuoteSent(opportunity_id="deal-1", quote_id="q1", am_id=AM, total=yuan(9642)),)
    assert send_quote(deal, "q1", AM) == (deal, ())


@pytest.mark.parametrize(("who", "role"), [(AM, "am"), (SE, "se")])
def test_the_am_and_the_se_of_the_deal_confirm(who: str, role: str) -> None:
    deal, (event,) = confirm_quote(a_quoted_deal(), "q1", who)

    assert isinstance(event, QuoteConfirmed)
    assert (event.confirmed_as, event.by) == (role, who)
    assert confirm_quote(deal, "q1", who) == (deal, ())


@pytest.mark.parametrize("who", ["lead.zhou", "am.chen", "se.zhao"])
def test_nobody_else_confirms_a_quote(who: str) -> None:
    with pytest.raises(Forbidden):
        confirm_quote(a_quoted_deal(), "q1", who)


def test_what_a_former_se_confirmed_does_not_count_for_the_new_one() -> None:
    deal, _ = assign_se(a_quoted_deal(confirmed_by=(AM, SE)), a_member("se.zhao"), AM)
    with pytest.raises(Conflict, match=r"still needs the confirmation of se\.zhao"):
        send_quote(deal, "q1", AM)

    deal, _ = confirm_quote(deal, "q1", "se.zhao")

    assert send_quote(deal, "q1", AM)[1]


def test_what_a_former_am_confirmed_does_not_count_for_the_new_one() -> None:
    deal, _ = assign_am(a_quoted_deal(confirmed_by=(AM, SE)), a_member("am.chen", Role.AM))
    with pytest.raises(Conflict, match=r"still needs the confirmation of am\.chen"):
        send_quote(deal, "q1", "am.chen")

    deal, _ = confirm_quote(deal, "q1", "am.chen")

    assert send_quote(deal, "q1", "am.chen")[1]


def test_what_a_former_am_sent_stays_sent() -> None:
    deal, _ = assign_am(a_sent_deal(), a_member("am.chen", Role.AM))

    _, (accepted, _) = accept_quote(deal, "q1", "am.chen", NOW)

    assert isinstance(accepted, QuoteAccepted)
    assert accepted.am_id == "am.chen"


def test_a_quote_the_customer_accepts_brings_the_deal_into_contract() -> None:
    sent = a_sent_deal()

    deal, (accepted, entered) = accept_quote(sent, "q1", AM, NOW)

    assert accepted == QuoteAccepted(
        opportunity_id="deal-1",
        quote_id="q1",
        am_id=AM,
        se_id=SE,
        lines=sent.quotes[0].lines,
        total=yuan(9642),
        opened_on=TODAY,
        accepted_at=NOW,
    )
    assert entered == OpportunityStageChanged(
        opportunity_id="deal-1", am_id=AM, from_stage=Stage.QUOTE, to_stage=Stage.CONTRACT, first_entry=True
    )
    assert accept_quote(deal, "q1", AM, NOW) == (deal, ())


def test_a_quote_that_was_not_sent_is_not_accepted() -> None:
    with pytest.raises(Conflict, match="Only a quote in status sent can be accepted"):
        accept_quote(a_quoted_deal(confirmed_by=(AM, SE)), "q1", AM, NOW)


def test_quotes_of_a_lost_deal_stand_still() -> None:
    drafted, _ = lose(a_quoted_deal(), "price", AM, TODAY)
    with pytest.raises(Conflict, match="lost and stays so"):
        confirm_quote(drafted, "q1", AM)

    sent, _ = lose(a_sent_deal(), "price", AM, TODAY)
    with pytest.raises(Conflict, match="lost and stays so"):
        accept_quote(sent, "q1", AM, NOW)


@pytest.mark.parametrize(
    "done_by",
    [
        lambda who: draft_quote(a_deal(Stage.QUOTE), "q1", [a_line()], who, POLICY),
        lambda who: send_quote(a_quoted_deal(confirmed_by=(AM, SE)), "q1", who),
        lambda who: accept_quote(a_sent_deal(), "q1", who, NOW),
    ],
)
def test_only_the_am_of_the_deal_drafts_sends_and_records_the_acceptance(
    done_by: Callable[[str], Decision[Opportunity]],
) -> None:
    assert done_by(AM)[1]
    with pytest.raises(Forbidden) as refused:
        done_by(SE)
    assert refused.value.slug == "not-your-deal"


def test_an_unknown_quote_is_not_found() -> None:
    with pytest.raises(NotFound):
        find_quote(a_deal_in_contract(), "q9")


def test_a_quote_has_at_least_one_line() -> None:
    with pytest.raises(Rejected) as refused:
        total([])
    assert refused.value.pointer == "/lines"


def test_a_quote_is_in_one_currency() -> None:
    with pytest.raises(Rejected) as refused:
        total([a_line(), a_line(unit_price=Money(minor=1, currency="USD"))])
    assert refused.value.pointer == "/lines/1/unit_price/currency"


def test_a_total_nobody_can_mean_is_refused() -> None:
    largest = Money(minor=MAX_MINOR, currency="CNY")
    assert total([a_line(quantity=1, unit_price=largest)]) == largest
    with pytest.raises(Rejected) as refused:
        total([a_line(quantity=2, unit_price=largest)])
    assert refused.value.slug == "total-too-large"


def test_a_deals_record_stays_within_its_bounds() -> None:
    policy = Policy(lines_per_quote=1, quotes_per_deal=1)
    with pytest.raises(Rejected) as refused:
        draft_quote(a_deal(Stage.QUOTE), "q1", [a_line(), a_line()], AM, policy)
    assert refused.value.slug == "too-many-lines"

    with pytest.raises(Conflict) as full:
        draft_quote(a_quoted_deal(), "q2", [a_line()], AM, policy)
    assert full.value.slug == "too-many-quotes"


@given(quantity=st.integers(1, 1_000_000), minor=st.integers(0, MAX_MINOR), discount_percent=st.integers(0, 100))
def test_a_line_is_rounded_half_up_and_never_costs_more_than_without_discount(
    quantity: int, minor: int, discount_percent: int
) -> None:
    price = Money(minor=minor, currency="CNY")
    line = a_line(quantity=quantity, unit_price=price, discount_percent=discount_percent)

    exact = Decimal(quantity) * minor * (100 - discount_percent) / 100
    assert line_total(line) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    assert 0 <= line_total(line) <= quantity * minor


@pytest.mark.parametrize(("minor", "discount", "costs"), [(50, 1, 50), (50, 99, 1), (49, 99, 0), (99, 100, 0)])
def test_half_a_minor_unit_is_rounded_up(minor: int, discount: int, costs: int) -> None:
    line = a_line(quantity=1, unit_price=Money(minor=minor, currency="CNY"), discount_percent=discount)
    assert line_total(line) == costs
