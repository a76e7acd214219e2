"""Market notes that deals cite."""

from __future__ import annotations

import pytest
from unit.pipeline.builders import AM, a_deal

from dealwire.catalogue.market import MarketNoteRevised, MarketNoteWritten, NoteKind
from dealwire.catalogue.pipeline import OpportunityNoteCited
from dealwire.errors import Conflict, Forbidden
from pipeline_service.domain.note import MOST_NOTES, Note, cite, note_told


def a_note(id: str = "note-1", title: str = "东芝降价") -> Note:
    return Note(note_id=id, kind=NoteKind.COMPETITOR, title=title)


@pytest.mark.parametrize("by", [AM, None])
def test_a_deal_cites_a_note_once_by_its_am_or_sales_operations(by: str | None) -> None:
    deal, events = cite(a_deal(), a_note(), by)
    assert events == (OpportunityNoteCited(opportunity_id="deal-1", am_id=AM, note_id="note-1", title="东芝降价"),)
    assert deal.notes == ("note-1",)
    assert cite(deal, a_note(title="another title since"), by) == (deal, ())
    with pytest.raises(Forbidden) as no:
        cite(a_deal(), a_note(), "am.chen")
    assert no.value.slug == "not-your-deal"


def test_a_deal_cites_so_many_notes_at_most() -> None:
    deal = a_deal(notes=tuple(f"note-{number}" for number in range(MOST_NOTES)))
    with pytest.raises(Conflict):
        cite(deal, a_note("one-more"), AM)
    assert cite(deal, a_note("note-7"), AM) == (deal, ())


def test_a_note_is_known_by_what_its_newest_event_tells() -> None:
    told = {"note_id": "note-1", "kind": "competitor", "title": "东芝降价", "text": "Ten percent"}
    for model in (MarketNoteWritten, MarketNoteRevised):
        assert note_told(model.model_validate(told)) == a_note()
