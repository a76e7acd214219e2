"""The use case of capturing many strangers at once, with an outcome for each."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from dealwire.errors import Conflict, Rejected
from dealwire.event import Decision
from dealwire.kit.cause import Cause
from lead_service.domain.lead import Capture, Lead
from lead_service.handlers.leads import Handlers
from lead_service.store import LeadStore

_THERE = ("_id",)


@dataclass(frozen=True, slots=True)
class Row:
    """A capture to make, or why it cannot even be read. `id` is the row's own: its lead gets it, if that is a new one."""

    id: str
    told: Capture | Rejected


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row: the lead it is found in, or why it was not captured."""

    status: Literal["captured", "linked", "error"]
    lead_id: str | None = None
    error: Rejected | Conflict | None = None


class Bulk:
    """Captures many rows with few trips to the database. The events are those of single captures."""

    def __init__(self, store: LeadStore, handlers: Handlers) -> None:
        self._store = store
        self._handlers = handlers

    async def capture_batch(self, batch_id: str, rows: Sequence[Row], cause: Cause) -> list[Outcome]:
        """Captures the rows of one request. Its repeat ends where it did, also if what told people apart was corrected
        since. Raises Rejected when another batch came under the same key.
        """
        outcomes = await self.capture(rows, cause, await self._store.captures.claim(batch_id, cause))
        linked = {
            row.id: outcome.lead_id
            for row, outcome in zip(rows, outcomes, strict=True)
            if outcome.status == "linked" and outcome.lead_id
        }
        await self._store.captures.ended(batch_id, cause, linked)
        return outcomes

    async def capture(
        self, rows: Sequence[Row], cause: Cause, ended_in: Mapping[str, str] = MappingProxyType({})
    ) -> list[Outcome]:
        """Every row has its own outcome, in order; doing it again with the same ids changes nothing more (L1, L3).

        `ended_in` has the leads that rows were linked to before, by the rows' ids.
        """
        new, outcomes = await asyncio.to_thread(self._decide, rows, cause)  # so that others are answered meanwhile
        first = [id_ for id_ in _first_of_each_person(new) if id_ not in ended_in]
        held = await self._store.leads.create_many([(id_, new[id_]) for id_ in first], cause)
        outcomes |= {id_: Outcome("captured", id_) for id_ in first if held.get(id_, _THERE) == _THERE}
        left = {id_: lead for id_, (lead, _) in new.items() if id_ not in outcomes}
        await self._link(left, ended_in, cause, outcomes)
        return [outcomes[row.id] for row in rows]

    def _decide(self, rows: Sequence[Row], cause: Cause) -> tuple[dict[str, Decision[Lead]], dict[str, Outcome]]:
        new: dict[str, Decision[Lead]] = {}
        refused: dict[str, Outcome] = {}
        for row in rows:
            try:
                if isinstance(row.told, Rejected):
                    raise row.told
                new[row.id] = self._handlers.captured(row.id, self._handlers.normal(row.told), cause)
            except Rejected as no:
                refused[row.id] = Outcome("error", error=no)
        return new, refused

    async def _link(
        self, leads: Mapping[str, Lead], ended_in: Mapping[str, str], cause: Cause, outcomes: dict[str, Outcome]
    ) -> None:
        """Links rows to the leads there are: those of one lead in their order, different leads at once."""
        if not leads:
            return
        there = await self._store.same_people([key for lead in leads.values() for key in lead.keys])
        by_lead: dict[str | None, list[Lead]] = defaultdict(list)
        for lead in leads.values():
            oldest = min((there[key] for key in lead.keys if key in there), default=(0, None))[1]
            by_lead[ended_in.get(lead.id, oldest)].append(lead)

        async def link(lead_id: str | None, same: list[Lead]) -> None:
            for lead in same:
                its_cause = replace(cause, key=lead.id, causation_id=lead.id, fingerprint=None) if cause.key else cause
                outcomes[lead.id] = await self._linked(lead_id, lead, its_cause)

        strangers = by_lead.pop(None, [])
        await asyncio.gather(*(link(lead_id, same) for lead_id, same in by_lead.items()))
        await link(None, strangers)  # by now a lead may have learned what they are known by

    async def _linked(self, lead_id: str | None, lead: Lead, cause: Cause) -> Outcome:
        try:
            if lead_id is None:
                record = await self._handlers.capture_normal(lead.id, lead.capture, cause)
            else:
                record = await self._handlers.link_capture(lead_id, lead.capture, cause)
        except (Rejected, Conflict) as no:
            return Outcome("error", error=no)
        return Outcome("captured" if record.id == lead.id else "linked", record.id)


def _first_of_each_person(new: Mapping[str, Decision[Lead]]) -> list[str]:
    """Rows that share no key with a row before them: only of these a lead can be made without looking."""
    taken: set[str] = set()
    first = []
    for id_, (lead, _) in new.items():
        if taken.isdisjoint(lead.keys):
            first.append(id_)
        taken.update(lead.keys)
    return first
