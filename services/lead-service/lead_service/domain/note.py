"""Market notes: what is known of industries, competitors and policies, and where it matters (L22)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, computed_field

from dealwire.catalogue.market import LeadNoteCited, MarketNoteRevised, MarketNoteWritten, NoteKind
from dealwire.errors import Conflict, Forbidden
from dealwire.event import Decision
from lead_service.domain import search
from lead_service.domain.lead import Lead, must_be_worked_on_by

MOST_NOTES = 50
"""So many notes a lead cites at most."""


class NoteText(BaseModel):
    """What a note says; `about` is the industry, company or policy, `source` where it was learned."""

    model_config = ConfigDict(frozen=True)

    kind: NoteKind
    title: str
    text: str
    about: str | None = None
    source: str | None = None


class Note(NoteText):
    """The state of a note; `by` wrote it."""

    id: str
    by: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def terms(self) -> tuple[str, ...]:
        """What the note is found by (X10)."""
        return search.terms(self.title, self.about, self.text)


def write(id: str, told: NoteText, by: str) -> Decision[Note]:
    """Anybody in sales writes down what they learn of the market (L22)."""
    note = Note(id=id, by=by, **told.model_dump())
    return note, (MarketNoteWritten(note_id=id, **told.model_dump()),)


def revise(note: Note, told: NoteText, by: str | None) -> Decision[Note]:
    """A note is revised by who wrote it, or by sales operations (`by` None)."""
    if by not in (None, note.by):
        raise Forbidden("not-your-note", "The note is somebody else's.")
    revised = note.model_copy(update=told.model_dump())
    return revised, (MarketNoteRevised(note_id=note.id, **told.model_dump()),) if revised != note else ()


def cite(lead: Lead, note: Note, by: str | None) -> Decision[Lead]:
    """A lead cites a note once, by its AM or sales operations (`by` None) (L22)."""
    must_be_worked_on_by(lead, by)
    if note.id in lead.notes:
        return lead, ()
    if len(lead.notes) >= MOST_NOTES:
        raise Conflict("too-many-notes", f"A lead cites at most {MOST_NOTES} notes.")
    event = LeadNoteCited(lead_id=lead.id, note_id=note.id, title=note.title)
    return lead.model_copy(update={"notes": (*lead.notes, note.id)}), (event,)
