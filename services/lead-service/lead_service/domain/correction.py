"""What is known of a lead is completed, and corrected where it is wrong (L3, L4)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from dealwire import company
from dealwire.catalogue.lead import Facts, LeadFactsCompleted
from dealwire.errors import Conflict
from dealwire.event import Decision
from lead_service.domain import contact, intake, matching
from lead_service.domain.completion import missing
from lead_service.domain.lead import ALIVE, Capture, Lead, must_be_worked_on_by

_POINTERS = {"phone": "/contact/phone", "email": "/contact/email", "uscc": "/uscc"}
_WORDS = {"phone": "phone number", "email": "e-mail address", "uscc": "credit code"}


class Person(BaseModel):
    """What was found out about the person; None is what stays as it is."""

    model_config = ConfigDict(frozen=True)

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    title: str | None = None


NOBODY = Person()


class SomebodyElses(Conflict):
    """Another lead has this phone number, e-mail address or credit code."""

    def __init__(self, key: str, other: str) -> None:
        kind = key.partition(":")[0]
        detail = (
            f"Lead {other} has this {_WORDS[kind]}: the two are likely one. Have them merged, or check what was typed."
        )
        super().__init__("known-of-another-lead", detail, pointer=_POINTERS[kind])


def normalise(facts: Facts, person: Person, phone_region: str) -> tuple[Facts, Person]:
    """What was found out, in the one form in which duplicates can be seen, like a capture (L3). Raises Rejected."""
    code = company.credit_code(facts.uscc) if facts.uscc else None
    reach = contact.in_one_form(person.phone, person.email, phone_region)
    return facts.model_copy(update={"uscc": code}), person.model_copy(update=reach)


def keys(facts: Facts, person: Person) -> tuple[str, ...]:
    """What the lead would be found by, of what was found out; normalised."""
    told = {"phone": person.phone, "email": person.email, "uscc": facts.uscc}
    return tuple(f"{kind}:{value}" for kind, value in told.items() if value)


def complete(lead: Lead, facts: Facts, by: str | None, person: Person = NOBODY) -> Decision[Lead]:
    """Sales operations or the lead's AM complete what is missing, and correct what is wrong (L4). All is normalised.

    `by` is the AM, None stands for sales operations. What is left out stays as it is. A corrected number, address or
    code no longer finds the lead, unless a lead that was merged into it brought it: that one has it back when they part
    (L3).
    """
    must_be_worked_on_by(lead, by)
    if lead.status not in ALIVE:
        raise Conflict("lead-over", f"A lead that is {lead.status} needs no more facts.")
    before = lead.capture
    person_now = before.contact.model_copy(update=person.model_dump(exclude_none=True))
    known = before.model_copy(update={**facts.model_dump(exclude_none=True), "contact": person_now})
    if known == before:
        return lead, ()
    left = _left(lead, known)
    completed = lead.model_copy(
        update={
            "capture": known,
            "keys": _keys(lead, known),
            "blocks": matching.blocks(known),
            "customer": None if left else lead.customer,
        }
    )
    event = LeadFactsCompleted(
        lead_id=lead.id,
        facts=Facts.model_validate(known.model_dump()),
        missing=missing(completed),
        contact=person_now,
        left_account_id=left,
    )
    return completed, (event,)


def _keys(lead: Lead, known: Capture) -> tuple[str, ...]:
    old, new = intake.keys(lead.capture), intake.keys(known)
    brought = {key for each in lead.absorbed for key in each.keys}
    wrong = set(old) - set(new) - brought
    kept, right = (key for key in lead.keys if key not in wrong), (key for key in new if key not in old)
    return tuple(dict.fromkeys((*kept, *right)))


def _left(lead: Lead, known: Capture) -> str | None:
    """A lead whose company is corrected is no longer the request of the customer that the wrong name stood for (L3)."""
    if lead.customer is None:
        return None
    customers = matching.company_block(lead.customer.name)
    named, names = (matching.company_block(told.company) == customers for told in (lead.capture, known))
    return lead.customer.account_id if named and not names else None
