"""Events of lead-service about what is known of the market (L22)."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from dealwire.catalogue.common import Id, Line, Text
from dealwire.event import EventData


class NoteKind(StrEnum):
    """What a note is about."""

    INDUSTRY = "industry"
    COMPETITOR = "competitor"
    POLICY = "policy"


class MarketNoteWritten(EventData):
    """Somebody wrote down what is known of an industry, a competitor or a policy; it carries the whole note."""

    type: ClassVar[str] = "market_note.written.v1"

    note_id: Id
    kind: NoteKind
    title: Line
    text: Text
    about: Line | None = None
    source: Line | None = None


class MarketNoteRevised(EventData):
    """A note says something else now; it carries the whole note."""

    type: ClassVar[str] = "market_note.revised.v1"

    note_id: Id
    kind: NoteKind
    title: Line
    text: Text
    about: Line | None = None
    source: Line | None = None


class LeadNoteCited(EventData):
    """A note was found to matter for a lead."""

    type: ClassVar[str] = "lead.note_cited.v1"

    lead_id: Id
    note_id: Id
    title: Line
