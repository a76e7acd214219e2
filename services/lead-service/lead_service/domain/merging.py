"""Two leads that turn out to be one, and the undoing of that (L3)."""

from __future__ import annotations

from typing import Any

from dealwire.catalogue.common import Contact
from dealwire.catalogue.duplicates import LeadAbsorbed, LeadMerged, LeadSeparated, LeadUnmerged
from dealwire.errors import Conflict
from dealwire.event import Decision
from lead_service.domain import matching
from lead_service.domain.lead import Absorbed, Capture, Lead, Merged, MergedAway, Status

_HOW_FAR = {
    status: distance
    for distance, statuses in enumerate(
        (
            (Status.DISCARDED, Status.ARCHIVED, Status.WITHDRAWN),
            (Status.INTAKE,),
            (Status.NURTURE,),
            (Status.POOL,),
            (Status.ASSIGNED,),
            (Status.ACCEPTED,),
            (Status.CONVERTED,),
        )
    )
    for status in statuses
}
_FACTS = ("industry", "region", "size", "product_line", "uscc", "need")
_REACH = ("phone", "email")


def which_survives(one: Lead, other: Lead) -> tuple[Lead, Lead]:
    """Of two leads the one that goes into the other, and that one: the one further along survives, of equals the older."""
    first, second = sorted((one, other), key=lambda lead: (-_HOW_FAR.get(lead.status, 0), lead.captured_at, lead.id))
    return second, first


def merge(lead: Lead, into: str) -> Decision[Lead]:
    """A lead that is another goes into it: it keeps what it was, and gives its keys, its AM and its clocks up (L3).

    What its captures cost stays with it, and is neither lost nor counted twice whatever is merged and undone (L2).
    """
    if lead.merged is not None:
        if lead.merged.into == into:
            return lead, ()
        raise MergedAway(lead.merged.into)
    if lead.status is Status.CONVERTED:
        raise Conflict("lead-converted", "A converted lead is a deal already. Merge the other one into it.")
    merged = Lead(
        id=lead.id,
        status=Status.MERGED,
        capture=lead.capture,
        keys=(f"merged:{lead.id}",),
        captured_at=lead.captured_at,
        captures=lead.captures,
        linked_costs=lead.linked_costs,
        merged=Merged(into=into, lead=lead),
    )
    return merged, (LeadMerged(lead_id=lead.id, into=into, was=lead.status, am_id=lead.am_id),)


def absorb(lead: Lead, other: Lead) -> Decision[Lead]:
    """The survivor is found by what found the other, and learns from it what it did not know (L3).

    The one further along survives, so that nobody's work is lost.
    """
    if lead.merged is not None:
        raise MergedAway(lead.merged.into)
    if any(each.lead_id == other.id for each in lead.absorbed):
        return lead, ()
    if _HOW_FAR.get(lead.status, 0) < _HOW_FAR.get(other.status, 0):
        raise Conflict(
            "merge-the-other-way",
            f"The other lead is {other.status}, further along than this one, which is {lead.status}. Merge this into that.",
        )
    gave = _unknown(lead.capture, other.capture)
    customer = other.customer if lead.customer is None and _may_be_its_am(lead, other) else None
    absorbed = Absorbed(
        lead_id=other.id, leads=other.was_also, keys=other.keys, captures=other.captures, gave=gave, customer=customer
    )
    after = _with(
        lead,
        capture=_told(lead.capture, gave),
        keys=tuple(dict.fromkeys((*lead.keys, *other.keys))),
        captures=lead.captures + other.captures,
        customer=lead.customer or customer,
        absorbed=(*lead.absorbed, absorbed),
    )
    event = LeadAbsorbed(
        lead_id=lead.id, absorbed_id=other.id, contact=after.capture.contact, captures=after.captures, **_facts(after)
    )
    return after, (event,)


def unmerge(lead: Lead, *, with_grab: bool = True) -> Decision[Lead]:
    """A merge is undone: the lead is again what it was, clocks included, which ran on meanwhile (L3).

    Without `with_grab` its place among its AM's leads from the pool is somebody else's by now.
    """
    if lead.merged is None:
        raise Conflict("lead-not-merged", "Only a merged lead can be separated again.")
    was = lead.merged.lead if with_grab else lead.merged.lead.model_copy(update={"grab": None})
    return was, (LeadUnmerged(lead_id=lead.id, out_of=lead.merged.into, status=was.status, am_id=was.am_id),)


def release(lead: Lead, other_id: str) -> Decision[Lead]:
    """The survivor gives back what it had from the other, and keeps what came in meanwhile (L3)."""
    if lead.merged is not None:
        raise Conflict("merged-further", f"This lead went on into {lead.merged.into}. Undo that merge first.")
    absorbed = next((each for each in lead.absorbed if each.lead_id == other_id), None)
    if absorbed is None:
        return lead, ()
    known = {**lead.capture.model_dump(), **lead.capture.contact.model_dump(include=set(_REACH))}
    back = {field: None for field, value in absorbed.gave.items() if known[field] == value}
    after = _with(
        lead,
        capture=_told(lead.capture, back),
        # A lead whose own number was wrong may have none left; no two may be empty.
        keys=tuple(key for key in lead.keys if key not in absorbed.keys) or (f"separated:{lead.id}",),
        captures=lead.captures - absorbed.captures,
        customer=None if absorbed.customer and lead.customer == absorbed.customer else lead.customer,
        absorbed=tuple(each for each in lead.absorbed if each is not absorbed),
    )
    event = LeadSeparated(
        lead_id=lead.id, separated_id=other_id, contact=after.capture.contact, captures=after.captures, **_facts(after)
    )
    return after, (event,)


def _with(lead: Lead, capture: Capture, **changes: Any) -> Lead:
    return lead.model_copy(update={"capture": capture, "blocks": matching.blocks(capture), **changes})


def _unknown(known: Capture, told: Capture) -> dict[str, str | int]:
    """What is told and not known."""
    reach = _REACH if matching.same_person(known.contact, told.contact) else ()  # a colleague's number stays theirs
    pairs: tuple[tuple[tuple[str, ...], Capture | Contact, Capture | Contact], ...] = (
        (_FACTS, known, told),
        (reach, known.contact, told.contact),
    )
    return {
        field: getattr(new, field)
        for fields, old, new in pairs
        for field in fields
        if getattr(old, field) is None and getattr(new, field) is not None
    }


def _told(capture: Capture, changes: dict[str, Any]) -> Capture:
    reach = {field: value for field, value in changes.items() if field in _REACH}
    facts = {field: value for field, value in changes.items() if field in _FACTS}
    return capture.model_copy(update={**facts, "contact": capture.contact.model_copy(update=reach)})


def _facts(lead: Lead) -> dict[str, Any]:
    return lead.capture.model_dump(include=set(_FACTS))


def _may_be_its_am(lead: Lead, other: Lead) -> bool:
    """One customer never has two AMs: whoever has the lead must be the customer's (L3)."""
    return other.customer is not None and lead.am_id in (None, other.customer.am_id)
