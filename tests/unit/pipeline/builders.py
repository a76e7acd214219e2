"""Values of a typical case, of which a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from pydantic import TypeAdapter

from dealwire.catalogue.common import Channel, Contact, Grade, Money, QuoteLine, Role, Stage
from dealwire.catalogue.lead import Bant, LeadConverted
from dealwire.catalogue.people import MemberChanged
from pipeline_service.domain.account import Account, account_id, told_by_lead
from pipeline_service.domain.opportunity import Opportunity
from pipeline_service.domain.past_deal import PastDeal
from pipeline_service.domain.policy import Policy
from pipeline_service.domain.progress import win
from pipeline_service.domain.quoting import accept_quote, confirm_quote, draft_quote, send_quote
from pipeline_service.domain.stages import up_to

AM, SE = "am.li", "se.wang"
TODAY = date(2024, 3, 4)
NOW = datetime(2024, 3, 4, 2, tzinfo=UTC)
POLICY = Policy()

_PAST_DEALS: TypeAdapter[PastDeal] = TypeAdapter(PastDeal)


def yuan(amount: int) -> Money:
    return Money(minor=amount * 100, currency="CNY")


def a_line(**changes: Any) -> QuoteLine:
    return QuoteLine(**{"product": "GTX Pro", "quantity": 2, "unit_price": yuan(4821), **changes})


def a_member(id: str = SE, *roles: Role, active: bool = True) -> MemberChanged:
    return MemberChanged(member_id=id, name=id, roles=roles or (Role.SE,), active=active)


def an_account(name: str = "Acme 有限公司", **changes: Any) -> Account:
    return told_by_lead(a_converted_lead(company=name), account_id).model_copy(update=changes)


def a_converted_lead(**changes: Any) -> LeadConverted:
    facts = {
        "lead_id": "lead-1",
        "company": "Acme 有限公司",
        "contact": Contact(name="张伟", phone="+8613800138000"),
        "channel": Channel.EXPO,
        "need": "Twenty gateways by June",
        "grade": Grade.A,
        "score": 88,
        "bant": Bant(budget=90, authority=80, need=95, timeline=70),
        "am_id": AM,
        "se_id": SE,
        "captured_at": NOW,
    }
    return LeadConverted(**{**facts, **changes})


def a_deal(stage: Stage = Stage.PROSPECT, **changes: Any) -> Opportunity:
    facts = {
        "id": "deal-1",
        "title": "Acme 有限公司",
        "stage": stage,
        "reached": up_to(stage),
        "am_id": AM,
        "se_id": SE,
        "opened_on": TODAY,
    }
    return Opportunity(**{**facts, **changes})


def a_quoted_deal(*, confirmed_by: tuple[str, ...] = (), stage: Stage = Stage.QUOTE) -> Opportunity:
    """A deal with quote `q1`, confirmed by those named."""
    deal, _ = draft_quote(a_deal(stage), "q1", [a_line()], AM, POLICY)
    for who in confirmed_by:
        deal, _ = confirm_quote(deal, "q1", who)
    return deal


def a_sent_deal() -> Opportunity:
    return send_quote(a_quoted_deal(confirmed_by=(AM, SE)), "q1", AM)[0]


def a_deal_in_contract() -> Opportunity:
    return accept_quote(a_sent_deal(), "q1", AM, NOW)[0]


def a_won_deal() -> Opportunity:
    return win(a_deal_in_contract(), "contract-1", yuan(9642), TODAY)[0]


def a_past_deal(stage: str = "won", **changes: Any) -> PastDeal:
    row = {
        "external_id": "1C1I7A6R",
        "agent": "moses.frase",
        "product": "GTX Plus Basic",
        "account": "Cancity",
        "stage": stage,
        "engaged_on": "2016-10-20",
        "closed_on": None if stage in {"prospecting", "engaging"} else "2017-03-01",
        "value": {"minor": 105400, "currency": "USD"} if stage == "won" else None,
    }
    return _PAST_DEALS.validate_python({**row, **changes})
