"""Who may call what, and which leads they see (X1)."""

from __future__ import annotations

from typing import Annotated

from dealwire.catalogue.common import Role
from dealwire.errors import Forbidden
from dealwire.kit.store import Record
from dealwire.kit.web.auth import Caller, allow
from lead_service.domain.lead import Lead
from lead_service.store import LeadStore

_READ_ALL = (Role.SO, Role.TEAM_LEAD, Role.MANAGEMENT)

Capturer = Annotated[Caller, allow(Role.SO, Role.AM, Role.TEAM_LEAD, scope="leads:capture")]
Reader = Annotated[Caller, allow(*_READ_ALL, Role.AM, Role.SE, scope="leads:read")]
Colleague = Annotated[Caller, allow(*_READ_ALL, Role.AM, Role.SE)]
Importer = Annotated[Caller, allow(Role.SO, scope="leads:import")]
SalesOps = Annotated[Caller, allow(Role.SO)]
RuleKeeper = Annotated[Caller, allow(Role.SO, Role.MANAGEMENT)]
AccountManager = Annotated[Caller, allow(Role.AM)]
Worker = Annotated[Caller, allow(Role.SO, Role.AM)]


def own(caller: Caller) -> dict[str, object]:
    """The query that a caller who may not read everything is limited to."""
    if caller.roles & set(_READ_ALL) or "leads:read" in caller.scopes:
        return {}
    return {"$or": [{"state.am_id": caller.id}, {"state.se_id": caller.id}]}


def working(caller: Caller) -> str | None:
    """Whose lead it must be for the caller to work on it; None for sales operations, who work on all."""
    return None if Role.SO in caller.roles else caller.id


async def readable(store: LeadStore, lead_id: str, caller: Caller) -> Record[Lead]:
    """The lead, if the caller may read it. Raises NotFound and Forbidden."""
    record = await store.leads.get(lead_id)
    if own(caller) and caller.id not in (record.state.am_id, record.state.se_id):
        raise Forbidden("not-your-lead", "The lead belongs to somebody else.")
    return record
