"""Use cases of public web forms."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

import structlog

from dealwire.catalogue.sources import Preset
from dealwire.errors import NotFound, TooMany
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record
from lead_service.domain import web_form
from lead_service.domain.lead import Capture
from lead_service.domain.policy import Policy
from lead_service.domain.web_form import Form
from lead_service.handlers.leads import Handlers
from lead_service.store import LeadStore

log = structlog.get_logger(__name__)

_MINUTE = timedelta(minutes=1)


class Forms:
    """Makes forms, and takes in what people leave there."""

    def __init__(self, store: LeadStore, handlers: Handlers, policy: Policy) -> None:
        self._sources = store.sources
        self._handlers = handlers
        self._policy = policy

    async def open(
        self, name: str, preset: Preset, origins: tuple[str, ...], cause: Cause
    ) -> tuple[Record[Form], str | None]:
        """A form and its key, which is told this once only."""
        id_, key = cause.new_id("form"), secrets.token_urlsafe(24)
        record = await self._sources.forms.create(
            id_, web_form.open_form(id_, name, preset, origins, _hash(key)), cause
        )
        return record, None if record.replayed else key

    async def revoke(self, form_id: str, cause: Cause) -> Record[Form]:
        """The key holds no longer."""
        return await self._sources.forms.change(form_id, web_form.revoke, cause)

    async def form(self, key: str) -> Form:
        """The form with this key. Raises NotFound."""
        record = await self._sources.form_of_key(_hash(key))
        if record is None or record.state.revoked:
            raise NotFound("no-such-form", "There is no such form, or it has been closed.")
        return record.state

    async def take_in(
        self, form: Form, told: Capture, *, origin: str | None, address: str, trapped: bool, cause: Cause
    ) -> None:
        """Captures what somebody left in a form, unless they send too much, or fill in what only a robot sees (L1)."""
        web_form.must_stand_on(form, origin)
        somebody = f"{form.id}/{hashlib.sha256(address.encode()).hexdigest()[:16]}"
        limits = self._sources.limits
        for what, most in ((somebody, self._policy.form_by_address), (form.id, self._policy.form_by_all)):
            if await limits.count(f"form/{what}", cause.now, _MINUTE) > most:
                raise TooMany("too-many", "That was too often. Try again in a minute.")
        if trapped:
            log.info("form.trapped", form=form.id)
            return
        await self._handlers.capture_lead(told, cause)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
