"""Who may call what, and which leads they see (X1)."""

from __future__ import annotations

from typing import Annotated

from dealwire.catalogue.common import Role
from dealwire.errors import Forbidden
from dealwire.kit.store import Record
from dealwire.kit.web.auth import Caller, allow
from lead_service.domain.lead import Lead
from lead_service.store import LeadStore
from lead_service.store.violations import Whose

_READ_ALL = (Role.SO, Role.MANAGEMENT)

Capturer = Annotated[Caller, allow(Role.SO, Role.AM, Role.TEAM_LEAD, scope="leads:capture")]
Reader = Annotated[Caller, allow(*_READ_ALL, Role.TEAM_LEAD, Role.AM, Role.SE, scope="leads:read")]
Colleague = Annotated[Caller, allow(*_READ_ALL, Role.TEAM_LEAD, Role.AM, Role.SE)]
Reporter = Annotated[Caller, allow(*_READ_ALL, scope="leads:read")]
Auditor = Annotated[Caller, allow(*_READ_ALL, Role.TEAM_LEAD, scope="leads:read")]
Importer = Annotated[Caller, allow(Role.SO, scope="leads:import")]
SalesOps = Annotated[Caller, allow(Role.SO)]
RuleKeeper = Annotated[Caller, allow(Role.SO, Role.MANAGEMENT)]
AccountManager = Annotated[Caller, allow(Role.AM)]
Worker = Annotated[Caller, allow(Role.SO, Role.AM)]


async def visible(store: LeadStore, caller: Caller) -> dict[str, object]:
    """The query for the leads that a caller sees: all, those of the team, or the own ones."""
    people = await _people(store, caller)
    if people is None:
        return {}
    return {"$or": [{"state.am_id": {"$in": people}}, {"state.se_id": {"$in": people}}]}


async def audited(store: LeadStore, caller: Caller, whose: Whose) -> Whose:
    """Whose violations a caller sees, of those asked for; a team lead sees those of the team only. Raises Forbidden."""
    people = await _people(store, caller)
    if whose is None:
        return people
    if people is not None and not set(whose) <= set(people):
        raise Forbidden("not-your-team", "You see the violations of your own team only.")
    return whose


async def _people(store: LeadStore, caller: Caller) -> list[str] | None:
    """Who a caller sees: everybody, those of the team, or nobody else."""
    if caller.roles & set(_READ_ALL) or "leads:read" in caller.scopes:
        return None
    people = [caller.id]
    if Role.TEAM_LEAD in caller.roles:
        people += [member.member_id for member in await store.members.find({"data.manager_id": caller.id})]
    return people


def working(caller: Caller) -> str | None:
    """Whose lead it must be for the caller to work on it; None for sales operations, who work on all."""
    return None if Role.SO in caller.roles else caller.id


async def readable(store: LeadStore, lead_id: str, caller: Caller) -> Record[Lead]:
    """The lead, if the caller may read it. Raises NotFound and Forbidden."""
    record = await store.leads.get(lead_id)
    if not await _sees(store, record.state, caller):
        raise Forbidden("not-your-lead", "The lead belongs to somebody else.")
    return record


async def _sees(store: LeadStore, lead: Lead, caller: Caller) -> bool:
    if caller.roles & set(_READ_ALL) or "leads:read" in caller.scopes or caller.id in (lead.am_id, lead.se_id):
        return True
    if Role.TEAM_LEAD not in caller.roles:
        return False
    theirs = [await store.members.get(each) for each in (lead.am_id, lead.se_id) if each]
    return any(member.manager_id == caller.id for member in theirs if member)
