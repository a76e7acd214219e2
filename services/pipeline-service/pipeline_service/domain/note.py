"""Market notes that matter for a deal (L22): lead-service owns them, and deals cite them."""

from __future__ import annotations

from dealwire.catalogue.common import Id, Line, Value
from dealwire.catalogue.market import MarketNoteRevised, MarketNoteWritten, NoteKind
from dealwire.catalogue.pipeline import OpportunityNoteCited
from dealwire.errors import Conflict
from dealwire.event import Decision
from pipeline_service.domain.opportunity import Opportunity, check_am

MOST_NOTES = 50
"""So many notes a deal cites at most."""


class Note(Value):
    """What is known here of a note."""

    note_id: Id
    kind: NoteKind
    title: Line


def note_told(told: MarketNoteWritten | MarketNoteRevised) -> Note:
    """The note as it is now: either event carries all of it."""
    return Note(note_id=told.note_id, kind=told.kind, title=told.title)


def cite(deal: Opportunity, note: Note, by: str | None) -> Decision[Opportunity]:
    """A deal cites a note once, by its AM or sales operations (`by` None) (L22)."""
    if by is not None:
        check_am(deal, by)
    if note.note_id in deal.notes:
        return deal, ()
    if len(deal.notes) >= MOST_NOTES:
        raise Conflict("too-many-notes", f"A deal cites at most {MOST_NOTES} notes.")
    event = OpportunityNoteCited(opportunity_id=deal.id, am_id=deal.am_id, note_id=note.note_id, title=note.title)
    return deal.model_copy(update={"notes": (*deal.notes, note.note_id)}), (event,)
