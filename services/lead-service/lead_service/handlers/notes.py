"""Use cases of market notes."""

from __future__ import annotations

from dealwire.errors import NotFound, Rejected
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record
from lead_service.domain import note
from lead_service.domain.lead import Lead
from lead_service.domain.note import Note, NoteText
from lead_service.store import LeadStore


class Notes:
    """Everything that is done with market notes."""

    def __init__(self, store: LeadStore) -> None:
        self._leads = store.leads
        self._notes = store.sources.notes

    async def write(self, told: NoteText, cause: Cause) -> Record[Note]:
        """Somebody writes down what they learned."""
        id_ = cause.new_id("note")
        return await self._notes.create(id_, note.write(id_, told, cause.actor), cause)

    async def revise(self, note_id: str, told: NoteText, by: str | None, cause: Cause) -> Record[Note]:
        """A note says something else now."""
        return await self._notes.change(note_id, lambda known: note.revise(known, told, by), cause)

    async def cite(self, lead_id: str, note_id: str, by: str | None, cause: Cause) -> Record[Lead]:
        """A note matters for a lead."""
        try:
            cited = (await self._notes.get(note_id)).state
        except NotFound as unknown:
            raise Rejected("unknown-note", "There is no such note.", pointer="/note_id") from unknown
        return await self._leads.change(lead_id, lambda lead: note.cite(lead, cited, by), cause)
