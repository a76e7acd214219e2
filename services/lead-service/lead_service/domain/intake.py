"""How a lead comes in, and how an invalid one goes (L1, L3, L5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel

from dealwire import company
from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import MAX_MINOR
from dealwire.catalogue.lead import LeadCaptured, LeadDiscarded, LeadLinked, LeadWithdrawn
from dealwire.event import Decision
from lead_service.domain import contact, matching
from lead_service.domain.archive import kept_until
from lead_service.domain.completion import to_be_completed
from lead_service.domain.lead import (
    OVER_FOR_NOW,
    Capture,
    Lead,
    LinkedCost,
    MergedAway,
    Status,
    must_be_with_sales_ops,
)
from lead_service.domain.policy import Policy

M = TypeVar("M", bound=BaseModel)


def normalise(told: Capture, phone_region: str) -> Capture:
    """What a channel told, in the one form in which duplicates can be seen. Raises Rejected for what cannot be."""
    code = company.credit_code(told.uscc) if told.uscc else None
    return told.model_copy(update={"contact": contact.normalise(told.contact, phone_region), "uscc": code})


def keys(told: Capture) -> tuple[str, ...]:
    """What makes two leads one: two leads never share a phone number, an e-mail address or a credit code (L3)."""
    return contact.keys(told.contact) + ((f"uscc:{told.uscc}",) if told.uscc else ())


def capture(lead_id: str, told: Capture, now: datetime, calendar: BusinessCalendar, policy: Policy) -> Decision[Lead]:
    """Every new lead goes to intake (L3). `told` is normalised."""
    lead = Lead(
        id=lead_id,
        status=Status.INTAKE,
        capture=told,
        keys=keys(told),
        blocks=matching.blocks(told),
        captured_at=now,
        completion=to_be_completed(now, calendar, policy),
        archive_at=kept_until(now, calendar, policy),
    )
    return lead, (LeadCaptured(lead_id=lead_id, **told.model_dump()),)


def link(
    lead: Lead, told: Capture, now: datetime, calendar: BusinessCalendar, policy: Policy, *, learn_keys: bool = True
) -> Decision[Lead]:
    """An exact duplicate is linked at once to the lead there is, which learns what it did not know (L3).

    A discarded or archived lead returns to intake: the person wants something after all. Of a colleague, found by the
    credit code alone, it learns no number and no address, but is found by them. Without `learn_keys` a new phone
    number, e-mail address or credit code stays with the other lead that has it. Whoever has the lead, or converted it,
    is told that the person came in again; sales operations, when nobody has it (X6).
    """
    if lead.merged is not None:
        raise MergedAway(lead.merged.into)
    reopened, matched = lead.status in OVER_FOR_NOW, _matched(lead, told)
    known = _completed(lead.capture, told, "industry", "region", "size", "product_line", "need")
    update = {"captures": lead.captures + 1, "capture": known, "archive_at": kept_until(now, calendar, policy)}
    update["linked_costs"] = _costs(lead, told, now, calendar)
    if learn_keys:
        colleague = not matched["matched_on"] and not matching.same_person(lead.capture.contact, told.contact)
        reach = known.contact if colleague else _completed(known.contact, told.contact, "phone", "email")
        learned = _completed(known, told, "uscc").model_copy(update={"contact": reach})
        update |= {"capture": learned, "blocks": matching.blocks(learned)}
        update["keys"] = tuple(dict.fromkeys((*lead.keys, *keys(told))))
    if reopened:
        update |= {
            "status": Status.INTAKE,
            "discarded_because": None,
            "archived_because": None,
            "completion": to_be_completed(now, calendar, policy),
        }
    event = {"lead_id": lead.id, "reopened": reopened, "am_id": lead.am_id, **matched, **told.model_dump()}
    return lead.model_copy(update=update), (LeadLinked.model_validate(event),)


def discard(lead: Lead, reason: str) -> Decision[Lead]:
    """An invalid lead is discarded with a reason (L5)."""
    if lead.status is Status.DISCARDED and lead.discarded_because == reason:
        return lead, ()
    must_be_with_sales_ops(lead, "discarded")
    discarded = lead.model_copy(update={"status": Status.DISCARDED, "discarded_because": reason})
    return discarded, (LeadDiscarded(lead_id=lead.id, reason=reason),)


def withdraw(lead: Lead, reason: str, calendar: BusinessCalendar) -> Decision[Lead]:
    """A lead whose import is undone is withdrawn, and its person is a stranger again (L1).

    The caller sees to it that nobody has touched the lead. Its key is one that nobody else can have: no two may be
    empty.
    """
    gone = lead.model_copy(update={"status": Status.WITHDRAWN, "keys": (f"withdrawn:{lead.id}",)})
    captured_on = calendar.day(lead.captured_at)
    return gone, (LeadWithdrawn(lead_id=lead.id, reason=reason, captured_on=captured_on),)


def _costs(lead: Lead, told: Capture, now: datetime, calendar: BusinessCalendar) -> tuple[LinkedCost, ...]:
    """What a linked capture cost counts on its day, with its own channel and campaign (L2)."""
    if told.cost is None:
        return lead.linked_costs
    new = LinkedCost(at=now, channel=told.channel, campaign=told.campaign, cost=told.cost)

    def together(known: LinkedCost) -> bool:
        same = (known.channel, known.campaign, known.cost.currency) == (new.channel, new.campaign, new.cost.currency)
        return same and calendar.day(known.at) == calendar.day(now) and known.cost.minor + new.cost.minor <= MAX_MINOR

    known = next(filter(together, lead.linked_costs), None)
    if known is None:
        return (*lead.linked_costs, new)
    grown = known.model_copy(update={"cost": known.cost + new.cost})
    return tuple(grown if each is known else each for each in lead.linked_costs)


def _completed(known: M, told: M, *fields: str) -> M:
    """What was told first stands; what nobody had told yet is added."""
    return known.model_copy(update={field: getattr(told, field) for field in fields if getattr(known, field) is None})


def _matched(lead: Lead, told: Capture) -> dict[str, Any]:
    shared = [key.split(":", 1)[0] for key in keys(told) if key in lead.keys]
    return {"matched_on": [kind for kind in shared if kind != "uscc"], "matched_on_uscc": "uscc" in shared}
