"""Whatever people and the clock do in whatever order, a lead keeps its rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from unit.lead.builders import (
    ANSWERS,
    CALENDAR,
    CHEN,
    LI,
    MONDAY_10H,
    POLICY,
    UNKNOWN,
    WANG,
    a_capture,
    a_contact,
    a_member,
)

from dealwire.catalogue.common import Contact, Grade, Role
from dealwire.catalogue.lead import (
    LeadAccepted,
    LeadAssigned,
    LeadCaptured,
    LeadConverted,
    LeadDiscarded,
    LeadGrabDecided,
    LeadLinked,
    LeadQualified,
    LeadReturned,
)
from dealwire.catalogue.lead_care import LeadArchived, LeadReactivated, LeadReleased, LeadUnassigned
from dealwire.catalogue.people import MemberChanged
from dealwire.errors import DealwireError
from dealwire.event import Decision, EventData
from lead_service.domain.archive import archive, reactivate
from lead_service.domain.clock import deadlines, expire
from lead_service.domain.cooldown import cooling_until
from lead_service.domain.follow_up import log
from lead_service.domain.grab import bid, running
from lead_service.domain.intake import capture, discard, link
from lead_service.domain.lead import OPEN, Capture, Lead, Status
from lead_service.domain.progress import accept, assign, convert, qualify
from lead_service.domain.routing import Roster
from lead_service.domain.unassigning import leave, unassign

AMS = (LI, CHEN, "am.gu")
NEXT = {
    Status.INTAKE: {Status.POOL, Status.NURTURE, Status.ASSIGNED, Status.DISCARDED, Status.ARCHIVED},
    Status.POOL: {Status.INTAKE, Status.NURTURE, Status.ASSIGNED, Status.ACCEPTED, Status.DISCARDED, Status.ARCHIVED},
    Status.NURTURE: {Status.INTAKE, Status.POOL, Status.ASSIGNED, Status.DISCARDED, Status.ARCHIVED},
    Status.ASSIGNED: {Status.ACCEPTED, Status.INTAKE, Status.ASSIGNED},
    Status.ACCEPTED: {Status.CONVERTED, Status.POOL, Status.INTAKE, Status.ASSIGNED},
    Status.CONVERTED: set[Status](),
    Status.DISCARDED: {Status.INTAKE},
    Status.ARCHIVED: {Status.INTAKE},
}
"""Where a lead can get to from where it is, in one decision."""

AFTER_GRADE = {Grade.A: Status.INTAKE, Grade.B: Status.POOL, Grade.C: Status.NURTURE}
AFTERWARDS: dict[type[EventData], Status] = {
    LeadAccepted: Status.ACCEPTED,
    LeadReturned: Status.INTAKE,
    LeadReleased: Status.POOL,
    LeadUnassigned: Status.INTAKE,
    LeadDiscarded: Status.DISCARDED,
    LeadArchived: Status.ARCHIVED,
    LeadReactivated: Status.INTAKE,
    LeadConverted: Status.CONVERTED,
}
"""Where a lead is after an event that says so by itself."""
REPEATABLE = (accept, bid, expire, discard, archive, convert)
"""Commands that, given twice, take effect once. A capture is one more each time, and the rest is refused then."""


class LifeOfALead(RuleBasedStateMachine):
    """One lead, the members around it, and a clock."""

    @initialize(
        told=st.sampled_from([a_capture(), a_capture(industry=None), a_capture(contact=a_contact(email=None))]),
        grade=st.sampled_from("AAABC"),
    )
    def comes_in(self, told: Capture, grade: str) -> None:
        self.now = MONDAY_10H
        members = a_member(LI), a_member(CHEN), a_member("am.gu", industries=()), a_member(WANG, Role.SE)
        self.members = {member.member_id: member for member in members}
        self.load: dict[str, int] = {}
        self.lead, events = capture("lead-1", told, self.now, CALENDAR, POLICY)
        self.told = [*events]
        self.is_qualified(grade)

    @rule(contact=st.sampled_from([a_contact(), a_contact(email=None), a_contact(phone=None, email="w@example.com")]))
    def comes_in_again(self, contact: Contact) -> None:
        self.do(link, a_capture(contact=contact), self.now, CALENDAR, POLICY)

    @rule(grade=st.sampled_from("AAABC"))
    def is_qualified(self, grade: str) -> None:
        self.do(qualify, ANSWERS[grade], self.roster, self.now, CALENDAR, POLICY)

    @rule(am_id=st.sampled_from([*AMS, None, None, WANG]))
    def is_assigned(self, am_id: str | None) -> None:
        self.do(assign, am_id, self.roster, self.now, CALENDAR, POLICY)

    @rule(by=st.sampled_from(AMS))
    def is_accepted(self, by: str) -> None:
        self.do(accept, by, self.now, CALENDAR, POLICY)

    @precondition(lambda self: self.lead.status is Status.ASSIGNED)
    @rule()
    def is_accepted_by_its_am(self) -> None:
        self.do(accept, self.lead.am_id, self.now, CALENDAR, POLICY)

    @precondition(lambda self: self.lead.status is Status.ASSIGNED)
    @rule()
    def its_time_runs_out(self) -> None:
        assert self.lead.accept_by is not None
        self.now = max(self.now, self.lead.accept_by)
        self.the_clock_looks()

    @rule()
    def the_clock_looks(self) -> None:
        self.do(expire, self.roster, UNKNOWN, self.now, CALENDAR, POLICY)

    @rule(by=st.sampled_from(AMS))
    def is_bid_for(self, by: str) -> None:
        self.do(bid, by, self.roster, UNKNOWN, self.now, CALENDAR, POLICY)

    @precondition(lambda self: running(self.lead) is not None)
    @rule()
    def the_window_closes(self) -> None:
        assert self.lead.grab is not None
        self.now = max(self.now, self.lead.grab.closes_at)
        self.the_clock_looks()

    @rule(reason=st.sampled_from(["spam", "wrong number"]))
    def is_discarded(self, reason: str) -> None:
        self.do(discard, reason)

    @rule(by=st.sampled_from(AMS))
    def is_followed_up(self, by: str) -> None:
        self.do(log, by, "call", "They think about it", self.now, CALENDAR, POLICY)

    @rule(by=st.sampled_from(AMS), minutes=st.sampled_from([1, 120, 10_000]))
    def is_followed_up_earlier(self, by: str, minutes: int) -> None:
        before = self.now - timedelta(minutes=minutes)
        self.do(log, by, "call", "They think about it", self.now, CALENDAR, POLICY, None, before)

    @rule(by=st.sampled_from([*AMS, None]))
    def is_given_back(self, by: str | None) -> None:
        self.do(unassign, "too far away", by, self.now, CALENDAR, POLICY)

    @rule(reason=st.sampled_from(["no budget", "wrong time"]))
    def is_archived(self, reason: str) -> None:
        self.do(archive, reason)

    @rule()
    def is_reactivated(self) -> None:
        self.do(reactivate, self.now, CALENDAR, POLICY)

    @rule(by=st.sampled_from(AMS))
    def is_converted(self, by: str) -> None:
        self.do(convert, by)

    @rule(minutes=st.sampled_from([1, 59, 120, 600, 10_000, 50_000]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(id=st.sampled_from([*AMS, WANG]))
    def somebody_comes_or_goes(self, id: str) -> None:
        member = self.members[id]
        self.members[id] = member.model_copy(update={"active": not member.active})
        self.do(leave, self.roster, self.now, CALENDAR, POLICY)
        assert self.lead.status not in OPEN or self.members[str(self.lead.am_id)].active

    @rule(id=st.sampled_from(AMS), leads=st.integers(0, 3))
    def somebody_is_busy(self, id: str, leads: int) -> None:
        self.load[id] = leads

    @property
    def roster(self) -> Roster:
        return Roster(tuple(self.members.values()), self.load)

    def do(self, command: Callable[..., Decision[Lead]], *args: object) -> None:
        """Takes a decision, unless it is refused, and holds it against every rule."""
        before = self.lead
        try:
            self.lead, events = command(before, *args)
        except DealwireError:
            return
        assert (self.lead == before) is not bool(events), "no event means nothing changed, and every change has one"
        assert self.lead.status is before.status or self.lead.status in NEXT[before.status]
        decided = [event for event in events if isinstance(event, LeadGrabDecided)]
        for event in events:
            if decided and decided[0].am_id:
                self.is_rightly_won(before, decided[0])
            else:
                self.hold(before, event)
            self.told.append(event)
        if command in REPEATABLE:
            assert command(self.lead, *args) == (self.lead, ()), "given twice, it takes effect once"

    def hold(self, before: Lead, event: EventData) -> None:
        """The rules of one event."""
        match event:
            case LeadAssigned():
                self.is_rightly_assigned(before, event)
            case LeadAccepted():
                assert before.accept_by is not None
                assert self.now < before.accept_by, "accepted in time"
                assert event.am_id == before.am_id
            case LeadReturned():
                assert event.due <= self.now, "returned when the time was over"
                assert event.am_id == before.am_id
                assert event.am_id in self.lead.passed_over
            case LeadConverted():
                assert event.captured_at == MONDAY_10H
                assert not [each for each in self.told if isinstance(each, LeadConverted)], "handed over once"

    def is_rightly_won(self, before: Lead, event: LeadGrabDecided) -> None:
        assert event.am_id in {each.am_id for each in event.ranking}
        assert self.lead.grab is not None
        assert self.lead.am_id == event.am_id == self.lead.grab.am_id
        assert cooling_until(before, event.am_id, event.opened_at) is None, "nobody who let it go a moment ago"
        assert event.closes_at <= self.now

    def is_rightly_assigned(self, before: Lead, event: LeadAssigned) -> None:
        am: MemberChanged = self.members[event.am_id]
        assert am.active
        assert Role.AM in am.roles
        assert all(self.members[se_id].active for se_id in event.copied)
        assert event.accept_by == CALENDAR.add(self.now, POLICY.acceptance_hours)
        if event.because != ("chosen by sales operations",):
            assert event.am_id not in self.lead.passed_over, "whoever let it lie is not asked again"
            assert before.status is not Status.ASSIGNED or event.am_id != before.am_id

    @invariant()
    def the_events_tell_the_whole_state(self) -> None:
        status, am_id, grade, captures, attempts = Status.INTAKE, None, None, 0, 0
        for event in self.told:
            match event:
                case LeadCaptured():
                    captures += 1
                case LeadLinked():
                    captures += 1
                    status = Status.INTAKE if event.reopened else status
                case LeadQualified():
                    status, grade = AFTER_GRADE[event.grade], event.grade
                case LeadAssigned():
                    status, am_id, attempts = Status.ASSIGNED, event.am_id, attempts + 1
                    assert event.attempt == attempts
                case LeadReturned() | LeadReleased() | LeadUnassigned():
                    am_id = None
            status = AFTERWARDS.get(type(event), status)
        lead = self.lead
        assert (lead.status, lead.am_id, lead.grade) == (status, am_id, grade)
        assert (lead.captures, lead.attempt) == (captures, attempts)

    @invariant()
    def only_an_assigned_lead_is_to_be_accepted(self) -> None:
        assert ("acceptance" in {each.name for each in deadlines(self.lead)}) is (self.lead.status is Status.ASSIGNED)
        assert (self.lead.am_id is not None) is (
            self.lead.status in {Status.ASSIGNED, Status.ACCEPTED, Status.CONVERTED}
        )

    @invariant()
    def the_next_step_of_an_accepted_lead_is_always_known(self) -> None:
        assert (self.lead.status is not Status.ACCEPTED) or self.lead.follow_up is not None
        assert ("silence" in {each.name for each in deadlines(self.lead)}) is (self.lead.status is Status.ACCEPTED)

    @invariant()
    def a_lead_comes_back_from_the_store_as_it_went_in(self) -> None:
        assert Lead.model_validate(self.lead.model_dump()) == self.lead


LifeOfALead.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestLifeOfALead = LifeOfALead.TestCase
