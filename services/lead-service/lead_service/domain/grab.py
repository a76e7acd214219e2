"""AMs bid for a lead in the pool (抢单): the quickest and best of them gets it (L11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from dealwire.calendar import BusinessCalendar, Deadline
from dealwire.catalogue.common import Role
from dealwire.catalogue.lead import LeadBidPlaced, LeadGrabDecided, RankedBid
from dealwire.errors import Conflict, Forbidden
from dealwire.event import Decision
from lead_service.domain.cooldown import cooling_until
from lead_service.domain.facets import Bid, Grab
from lead_service.domain.lead import Lead, Status
from lead_service.domain.policy import Policy
from lead_service.domain.progress import accept, give
from lead_service.domain.routing import Roster, choose, is_anothers
from lead_service.domain.sops import PublishedSops


@dataclass(frozen=True, slots=True)
class Bidders:
    """How everybody performed, from 0 to 100, and which places for leads from the pool are taken (`am.li/3`)."""

    ratings: Mapping[str, int]
    taken: frozenset[str]

    def free_slot(self, am_id: str, limit: int) -> int | None:
        """The first of the AM's places that is free."""
        return next((slot for slot in range(1, limit + 1) if f"{am_id}/{slot}" not in self.taken), None)


def running(lead: Lead) -> Grab | None:
    """The grab that is open for this lead."""
    grab = lead.grab
    there = lead.status is Status.POOL and grab is not None and grab.decided_at is None
    return grab if there and grab is not None and grab.attempt == lead.attempt else None


def bid(
    lead: Lead,
    by: str,
    roster: Roster,
    bidders: Bidders,
    now: datetime,
    calendar: BusinessCalendar,
    policy: Policy,
    sops: PublishedSops | None = None,
) -> Decision[Lead]:
    """An AM bids for a lead in the pool; the first bid opens a window for others, and without one it wins (L11)."""
    if lead.status is not Status.POOL:
        raise Conflict("lead-not-in-pool", f"Only a lead in the pool can be bid for; this one is {lead.status}.")
    grab = running(lead)
    if grab and by in {each.am_id for each in grab.bids}:
        return lead, ()
    if grab and grab.closes_at <= now:
        raise Conflict("grab-over", "The time to bid for this lead is over; it is about to be decided.")
    _may_have(lead, by, roster, bidders, now, policy)
    if grab is None:
        closes_at = policy.grab_window.after(now, calendar) if policy.grab_window.hours else now
        grab = Grab(opened_at=now, closes_at=closes_at, attempt=lead.attempt, bids=())
    grab = grab.model_copy(update={"bids": (*grab.bids, Bid(am_id=by, at=now))})
    event = LeadBidPlaced(lead_id=lead.id, am_id=by, bid_at=now, opened_at=grab.opened_at, closes_at=grab.closes_at)
    asked_for = lead.model_copy(update={"grab": grab})
    decided, events = decide_if_closed(asked_for, roster, bidders, now, calendar, policy, sops)
    return decided, (event, *events)


def deadlines(lead: Lead) -> list[Deadline]:
    """A grab is decided when its window closes (L11)."""
    grab = running(lead)
    return [Deadline("grab", grab.closes_at)] if grab else []


def decide_if_closed(
    lead: Lead,
    roster: Roster,
    bidders: Bidders,
    now: datetime,
    calendar: BusinessCalendar,
    policy: Policy,
    sops: PublishedSops | None = None,
) -> Decision[Lead]:
    """When the window closes the best bid by response speed and past performance has the lead; the losers see why
    (L11).

    Who has left, or has no place free, is passed over; with nobody left the lead stays in the pool. The winner asked
    for the lead, and so has accepted it.
    """
    grab = running(lead)
    if grab is None or now < grab.closes_at:
        return lead, ()
    ranking = ranked(lead, roster, bidders, policy)
    best = next((each.am_id for each in ranking if each.refused is None), None)
    decided = grab.model_copy(
        update={
            "decided_at": now,
            "am_id": best,
            "slot": bidders.free_slot(best, policy.claim_limit) if best else None,
            "ranking": ranking,
        }
    )
    event = LeadGrabDecided(
        lead_id=lead.id,
        company=lead.capture.company,
        am_id=best,
        opened_at=grab.opened_at,
        closes_at=grab.closes_at,
        ranking=ranking,
    )
    lead = lead.model_copy(update={"grab": decided})
    if best is None:
        return lead, (event,)
    score = next(each.score for each in ranking if each.am_id == best)
    why = f"won the grab with {score:g} of 100 points, out of {len(ranking)} who bid"
    given, assigned = give(lead, replace(choose(lead, best, roster), because=(why,)), now, calendar, policy)
    accepted, taken_on = accept(given, best, now, calendar, policy, sops)
    return accepted, (event, *assigned, *taken_on)


def ranked(lead: Lead, roster: Roster, bidders: Bidders, policy: Policy) -> tuple[RankedBid, ...]:
    """Every bid with its score, the best first: half response speed, half past performance; of equals the earlier
    (L11).
    """
    grab = lead.grab
    scored = [_scored(each, grab, lead, roster, bidders, policy) for each in grab.bids] if grab else []
    return tuple(sorted(scored, key=lambda each: (-each.score, each.bid_at, each.am_id)))


def _scored(each: Bid, grab: Grab, lead: Lead, roster: Roster, bidders: Bidders, policy: Policy) -> RankedBid:
    window = grab.closes_at - grab.opened_at
    speed = int(100 * (grab.closes_at - each.at) / window) if window else 100
    performance = bidders.ratings.get(each.am_id, policy.unrated)
    for_speed, for_performance = policy.grab_weights
    score = (speed * for_speed + performance * for_performance) / (for_speed + for_performance)
    seconds = (each.at - grab.opened_at).total_seconds()
    rated = "" if each.am_id in bidders.ratings else " (not rated yet)"
    return RankedBid(
        am_id=each.am_id,
        bid_at=each.at,
        speed=speed,
        performance=performance,
        score=round(score, 1),
        because=(
            f"bid {seconds:.0f} s after the first: speed {speed}, counted {for_speed}; "
            f"performance {performance}{rated}, counted {for_performance}"
        ),
        refused=_refused(lead, each.am_id, roster, bidders, policy),
    )


def _may_have(lead: Lead, am_id: str, roster: Roster, bidders: Bidders, now: datetime, policy: Policy) -> None:
    """Raises Forbidden and Conflict for an AM who cannot have the lead."""
    if not _works_here(am_id, roster):
        raise Forbidden("no-active-am", "Only an active account manager bids for leads.")
    if until := cooling_until(lead, am_id, now):
        raise Conflict("cooling-down", f"You had this lead and let it go. You may bid for it again from {until}.")
    if refused := _refused(lead, am_id, roster, bidders, policy):
        raise Conflict("not-to-be-had", f"{am_id} cannot have this lead: {refused}.")


def _refused(lead: Lead, am_id: str, roster: Roster, bidders: Bidders, policy: Policy) -> str | None:
    """An AM has at most twenty leads from the pool at work at once (L11)."""
    if not _works_here(am_id, roster):
        return "is no active account manager"
    if is_anothers(lead.customers_am, am_id, roster):
        return f"is not {lead.customers_am}, whose customer this is"
    if bidders.free_slot(am_id, policy.claim_limit) is None:
        return f"has {policy.claim_limit} leads from the pool at work already"
    return None


def _works_here(am_id: str, roster: Roster) -> bool:
    return am_id in {member.member_id for member in roster.active(Role.AM)}
