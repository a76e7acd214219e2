"""Events of lead-service about where leads come from."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import AwareDatetime

from dealwire.catalogue.common import Channel, Id, Line, Money, Text, Value
from dealwire.event import EventData


class Preset(Value):
    """What is true of every lead from one source that says nothing else itself (L1)."""

    channel: Channel | None = None
    campaign: Line | None = None
    cost: Money | None = None


class Columns(Value):
    """In which columns of a file a field is looked for: the first that says something counts."""

    field: str
    columns: tuple[str, ...]


class ImportOutcome(Value):
    """What became of the rows of an import."""

    captured: int
    linked: int
    errors: int


class LeadImportOpened(EventData):
    """Somebody is going to bring leads in from a file (L1)."""

    type: ClassVar[str] = "lead_import.opened.v1"

    import_id: Id
    name: Line
    preset: Preset


class LeadImportReceived(EventData):
    """The file is there and its columns have been guessed."""

    type: ClassVar[str] = "lead_import.received.v1"

    import_id: Id
    columns: tuple[str, ...]
    rows: int
    mapping: tuple[Columns, ...]


class LeadImportMapped(EventData):
    """Somebody said which column is what."""

    type: ClassVar[str] = "lead_import.mapped.v1"

    import_id: Id
    mapping: tuple[Columns, ...]


class LeadImportStarted(EventData):
    """The rows are being captured."""

    type: ClassVar[str] = "lead_import.started.v1"

    import_id: Id


class LeadImportFinished(EventData):
    """Every row has its result."""

    type: ClassVar[str] = "lead_import.finished.v1"

    import_id: Id
    outcome: ImportOutcome
    finished_at: AwareDatetime


class LeadImportUndoStarted(EventData):
    """The leads of an import are being withdrawn."""

    type: ClassVar[str] = "lead_import.undo_started.v1"

    import_id: Id
    reason: Text


class LeadImportUndone(EventData):
    """The leads of an import that nobody had worked on are withdrawn; `kept` are the others."""

    type: ClassVar[str] = "lead_import.undone.v1"

    import_id: Id
    withdrawn: int
    kept: int


class LeadImportUploadGivenUp(EventData):
    """A file broke off while it was received; its rows are removed, and nobody can bring them in any more (L1)."""

    type: ClassVar[str] = "lead_import.upload_given_up.v1"

    import_id: Id
    upload: Id


class LeadListSaved(EventData):
    """Somebody keeps a filter for leads under a name."""

    type: ClassVar[str] = "lead_list.saved.v1"

    list_id: Id
    owner: Id
    name: Line
    filter: dict[str, str | bool]


class LeadListDeleted(EventData):
    """Somebody needs a saved list no longer."""

    type: ClassVar[str] = "lead_list.deleted.v1"

    list_id: Id


class LeadFormOpened(EventData):
    """A public web form takes leads in; `origins` are the sites it may stand on, none: any (L1)."""

    type: ClassVar[str] = "lead_form.opened.v1"

    form_id: Id
    name: Line
    preset: Preset
    origins: tuple[str, ...] = ()


class LeadFormRevoked(EventData):
    """A web form takes nothing in any more."""

    type: ClassVar[str] = "lead_form.revoked.v1"

    form_id: Id


class CampaignSpendRecorded(EventData):
    """Money was spent on a campaign, beside what its single leads cost (L2)."""

    type: ClassVar[str] = "campaign.spend_recorded.v1"

    campaign_id: Id
    channel: Channel
    campaign: Line
    day: date
    amount: Money
    what_for: Text | None = None
