"""Use cases of leads."""

from __future__ import annotations

from functools import partial

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Role
from dealwire.catalogue.lead import Bant, Facts
from dealwire.catalogue.people import MemberChanged
from dealwire.event import Decision
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record, Taken
from lead_service.domain import archive, correction, customers_am, intake, progress, unassigning
from lead_service.domain.correction import Person, SomebodyElses
from lead_service.domain.lead import Capture, Lead, MergedAway
from lead_service.domain.policy import Policy
from lead_service.store import LeadStore


class Handlers:
    """Everything lead-service can be asked to do."""

    def __init__(self, store: LeadStore, calendar: BusinessCalendar, policy: Policy) -> None:
        self._store = store
        self._leads = store.leads
        self._calendar = calendar
        self._policy = policy

    async def capture_lead(self, told: Capture, cause: Cause) -> Record[Lead]:
        """Captures a stranger, or links the capture to the lead there is of the same person (L1, L3)."""
        normal = self.normal(told)
        lead_id = cause.new_id("lead")
        ended_in = await self._store.captures.claim(lead_id, cause)
        if lead_id in ended_in:
            return await self.link_capture(ended_in[lead_id], normal, cause)
        record = await self.capture_normal(lead_id, normal, cause)
        if record.id != lead_id:
            await self._store.captures.ended(lead_id, cause, {lead_id: record.id})
        return record

    def normal(self, told: Capture) -> Capture:
        """The capture with its contact in the one form in which duplicates can be seen. Raises Rejected (L3)."""
        return intake.normalise(told, self._policy.phone_region)

    def captured(self, lead_id: str, normal: Capture, cause: Cause) -> Decision[Lead]:
        """What becomes of a stranger, if nobody is there yet."""
        return intake.capture(lead_id, normal, cause.now, self._calendar, self._policy)

    async def capture_normal(self, lead_id: str, normal: Capture, cause: Cause) -> Record[Lead]:
        """Captures somebody under this id, or links the capture to the lead there is."""
        while True:
            try:
                return await self._leads.create(lead_id, self.captured(lead_id, normal, cause), cause)
            except Taken:  # which most are not: looking first would cost every capture a trip to the database
                there = await self._store.same_person(intake.keys(normal))
            if there is not None:
                return await self.link_capture(there.id, normal, cause)

    async def link_capture(self, lead_id: str, told: Capture, cause: Cause) -> Record[Lead]:
        """Links a capture to this lead, of the same person."""
        link = partial(intake.link, told=told, now=cause.now, calendar=self._calendar, policy=self._policy)
        try:
            return await self._leads.change(lead_id, link, cause)
        except Taken:  # its phone number is one lead's and its e-mail address another's
            return await self._leads.change(lead_id, partial(link, learn_keys=False), cause)
        except MergedAway as away:  # a moment ago
            return await self.link_capture(away.into, told, cause)

    async def complete_lead(
        self, lead_id: str, facts: Facts, person: Person, by: str | None, cause: Cause
    ) -> Record[Lead]:
        """What is missing of a lead is completed, and what is wrong corrected, by its AM or by sales operations (L4)."""
        facts, person = correction.normalise(facts, person, self._policy.phone_region)
        keys = correction.keys(facts, person)
        while True:
            try:
                return await self._leads.change(
                    lead_id,
                    lambda known: archive.kept_for_news(
                        correction.complete(known, facts, by, person), cause.now, self._calendar, self._policy
                    ),
                    cause,
                )
            except Taken:
                there = await self._store.same_people(list(keys))
            for key in keys:
                if key in there and there[key][1] != lead_id:
                    raise SomebodyElses(key, there[key][1])

    async def qualify_lead(self, lead_id: str, bant: Bant, cause: Cause) -> Record[Lead]:
        """Scores and grades a lead, and routes an A lead (L6–L10)."""
        roster, models = await self._store.roster(cause.now, self._calendar), await self._store.scoring_models()
        sops = await self._store.published_sops()
        return await self._leads.change(
            lead_id,
            lambda known: progress.qualify(known, bant, roster, cause.now, self._calendar, self._policy, models, sops),
            cause,
        )

    async def assign_lead(self, lead_id: str, am_id: str | None, cause: Cause, *, again: bool = False) -> Record[Lead]:
        """Sales operations gives a lead to an AM of its choice, or to the one that the routing finds."""
        roster = await self._store.roster(cause.now, self._calendar)
        return await self._leads.change(
            lead_id,
            lambda known: progress.assign(known, am_id, roster, cause.now, self._calendar, self._policy, again=again),
            cause,
        )

    async def accept_lead(self, lead_id: str, by: str, cause: Cause) -> Record[Lead]:
        """The AM takes the lead on (L13)."""
        sops = await self._store.published_sops()
        return await self._leads.change(
            lead_id, lambda known: progress.accept(known, by, cause.now, self._calendar, self._policy, sops), cause
        )

    async def discard_lead(self, lead_id: str, reason: str, cause: Cause) -> Record[Lead]:
        """An invalid lead is discarded with a reason (L5)."""
        return await self._leads.change(lead_id, lambda known: intake.discard(known, reason), cause)

    async def convert_lead(self, lead_id: str, by: str, cause: Cause) -> Record[Lead]:
        """The AM hands the lead over to pipeline-service (L20)."""
        lead = (await self._leads.get(lead_id)).state
        namesakes = [] if lead.customer else await self._store.namesakes(lead)
        if not namesakes:
            return await self._leads.change(lead_id, lambda known: progress.convert(known, by), cause)
        roster = await self._store.roster(cause.now, self._calendar)
        return await self._leads.change(
            lead_id, lambda known: customers_am.convert_own(known, by, namesakes, roster), cause
        )

    async def keep_member_when_member_changed(self, member: MemberChanged, cause: Cause) -> None:
        """Keeps the replica of who may get leads; those of an AM who has left go to others (L9)."""
        await self._store.members.apply(member, cause)
        known = await self._store.members.get(member.member_id)  # what is kept may be newer than this event
        if known is None or (known.active and Role.AM in known.roles):
            return
        async for lead in self._store.leads_of_am(member.member_id):
            roster = await self._store.roster(
                cause.now, self._calendar
            )  # each that is given to somebody adds to their load
            leave = partial(
                unassigning.leave, roster=roster, now=cause.now, calendar=self._calendar, policy=self._policy
            )
            await self._leads.change(lead.id, leave, cause)
