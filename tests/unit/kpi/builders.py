"""Events and people as kpi-service meets them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dealwire.catalogue.common import Channel, Contact, Grade, Money, Role, Stage
from dealwire.catalogue.contract import ContractSigned, PaymentReceived
from dealwire.catalogue.lead import LeadCaptured, LeadQualified, LeadWithdrawn
from dealwire.catalogue.pipeline import (
    OpportunityLossRevoked,
    OpportunityLost,
    OpportunityStageChanged,
    OpportunityWon,
    QuoteSent,
)
from dealwire.event import Event, EventData
from kpi_service.domain.facts import Fact, fact_of
from kpi_service.domain.people import Member

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2017, 3, 1, 4, tzinfo=UTC)
"""Noon in Shanghai on 1 March 2017."""


def yuan(amount: int, currency: str = "CNY") -> Money:
    return Money(minor=amount * 100, currency=currency)


def happened(data: EventData, subject: str = "r1", sequence: int = 1, time: datetime = NOON) -> Event:
    return Event.of(
        data,
        source="somewhere",
        subject=subject,
        sequence=sequence,
        time=time,
        actor="somebody",
        correlationid="c",
    )


def fact(data: EventData, subject: str = "r1", sequence: int = 1, time: datetime = NOON) -> Fact:
    return fact_of(happened(data, subject, sequence, time), SHANGHAI)


def a_signing(**changes: Any) -> ContractSigned:
    values: dict[str, Any] = {
        "contract_id": "k1",
        "opportunity_id": "o1",
        "account_id": "acme",
        "am_id": "am.li",
        "amount": yuan(100),
        "signed_on": date(2017, 3, 1),
        "opened_on": date(2017, 2, 1),
    }
    return ContractSigned(**values | changes)


def a_payment(**changes: Any) -> PaymentReceived:
    values: dict[str, Any] = {
        "contract_id": "k1",
        "am_id": "am.li",
        "reference": "bank-1",
        "amount": yuan(30),
        "received_on": date(2017, 3, 5),
        "paid": yuan(30),
        "outstanding": yuan(70),
    }
    return PaymentReceived(**values | changes)


def a_captured_lead(lead_id: str = "l1") -> LeadCaptured:
    return LeadCaptured(lead_id=lead_id, company="Acme", contact=Contact(name="王芳"), channel=Channel.EXPO)


def a_withdrawn_lead(captured_on: date | None = date(2017, 3, 1), lead_id: str = "l1") -> LeadWithdrawn:
    return LeadWithdrawn(lead_id=lead_id, reason="the wrong file", captured_on=captured_on)


def a_qualified_lead(grade: Grade = Grade.A, lead_id: str = "l1") -> LeadQualified:
    return LeadQualified(lead_id=lead_id, model="bant-1", score=80, grade=grade, reasons=())


def a_sent_quote(opportunity_id: str = "o1") -> QuoteSent:
    return QuoteSent(opportunity_id=opportunity_id, quote_id="q", total=yuan(1))


def a_move(to_stage: Stage, *, first_entry: bool = True) -> OpportunityStageChanged:
    return OpportunityStageChanged(
        opportunity_id="o1", am_id="am.li", from_stage=Stage.NEEDS, to_stage=to_stage, first_entry=first_entry
    )


def a_win(am_id: str = "am.li", won_on: date = date(2017, 3, 1)) -> OpportunityWon:
    return OpportunityWon(opportunity_id="o1", contract_id="k1", am_id=am_id, amount=yuan(1), won_on=won_on)


def a_loss(am_id: str = "am.li", lost_on: date = date(2017, 3, 1)) -> OpportunityLost:
    return OpportunityLost(opportunity_id="o1", am_id=am_id, stage=Stage.NEEDS, reason="price", lost_on=lost_on)


def a_revoked_loss(am_id: str = "am.li", lost_on: date = date(2017, 3, 1)) -> OpportunityLossRevoked:
    return OpportunityLossRevoked(opportunity_id="o1", contract_id="k1", am_id=am_id, lost_on=lost_on)


def a_member(**changes: Any) -> Member:
    values: dict[str, Any] = {"name": "李雷", "roles": (Role.AM,)}
    return Member(**values | changes)
