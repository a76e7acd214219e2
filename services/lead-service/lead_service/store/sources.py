"""Where leads come from: web forms, and how often each is used."""

from __future__ import annotations

from dealwire.kit.relay import Relay
from dealwire.kit.store import Database, Index, Record, RecordStore
from lead_service.domain.campaign import Campaign
from lead_service.domain.note import Note
from lead_service.domain.web_form import Form
from lead_service.store.limits import Limits


class Sources:
    """Collections, indexes and queries."""

    def __init__(self, database: Database, relay: Relay, service: str) -> None:
        self.forms = RecordStore(
            database, relay, service, "forms", Form, indexes=(Index({"state.key_hash": 1}, unique=True),)
        )
        self.campaigns = RecordStore(database, relay, service, "campaigns", Campaign)
        self.notes = RecordStore(database, relay, service, "notes", Note, indexes=(Index({"state.terms": 1}),))
        self.limits = Limits(database)

    async def form_of_key(self, key_hash: str) -> Record[Form] | None:
        """The form with this key."""
        return await self.forms.find_one({"state.key_hash": key_hash})
