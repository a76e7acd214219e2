"""Routes of staying in touch: verification, follow-up, nurture, archive (L5, L12, L14–L17)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field, StringConstraints

from dealwire.catalogue.common import Id, Line, Text
from dealwire.catalogue.lead import Contacted
from dealwire.kit.web.bodies import Body
from lead_service.api.access import AccountManager, SalesOps, Worker, working
from lead_service.api.views import LeadView, answer
from lead_service.handlers import Care

_Said = Annotated[Text, StringConstraints(min_length=1)]


class VerifyBody(Body):
    """How the person was reached."""

    channel: Literal["call", "mail"]
    note: Text | None = None


class FollowUpBody(Body):
    """How the AM was in touch, and what came of it."""

    channel: Contacted
    outcome: _Said
    contacted_at: Annotated[AwareDatetime | None, Field(description="When; left out, it was just now.")] = None


class NurtureBody(Body):
    """Case material, piece by piece and from the start again, and how many days lie between."""

    material: Annotated[tuple[Line, ...], Field(min_length=1, max_length=50)]
    every_days: Annotated[float, Field(ge=1, le=366)]


class UnassignBody(Body):
    """Why the account manager is not to have the lead any more."""

    reason: _Said


class ArchiveBody(Body):
    """Why the lead came to nothing."""

    reason: _Said


def routes(care: Care) -> APIRouter:
    """All that keeps a lead from being forgotten."""
    router = APIRouter(prefix="/v1", tags=["care"])

    @router.post("/leads/{lead_id}/verify")
    async def verify_lead(lead_id: Id, body: VerifyBody, caller: Worker, response: Response) -> LeadView:
        """Tells that a call or mail reached the person and the lead is a real one; an invalid one is discarded."""
        record = await care.verify_lead(lead_id, working(caller), body.channel, body.note, caller.cause)
        return answer(response, record)

    @router.post("/leads/{lead_id}/follow-ups")
    async def log_follow_up(lead_id: Id, body: FollowUpBody, caller: AccountManager, response: Response) -> LeadView:
        """Logs a contact with its outcome; `next_step` of the answer says what the SOP asks for next."""
        record = await care.log_follow_up(
            lead_id, caller.id, body.channel, body.outcome, body.contacted_at, caller.cause
        )
        return answer(response, record)

    @router.post("/leads/{lead_id}/unassign")
    async def unassign_lead(lead_id: Id, body: UnassignBody, caller: Worker, response: Response) -> LeadView:
        """The account manager gives the lead back, or sales operations takes it back: it is with intake again."""
        return answer(response, await care.unassign_lead(lead_id, body.reason, working(caller), caller.cause))

    @router.put("/leads/{lead_id}/nurture")
    async def plan_nurture(lead_id: Id, body: NurtureBody, caller: SalesOps, response: Response) -> LeadView:
        """Chooses the case material of a lead in nurture, and how often it is sent."""
        return answer(response, await care.plan_nurture(lead_id, body.material, body.every_days, caller.cause))

    @router.post("/leads/{lead_id}/archive")
    async def archive_lead(lead_id: Id, body: ArchiveBody, caller: SalesOps, response: Response) -> LeadView:
        """Archives a lead that nobody has; it comes back when its person does."""
        return answer(response, await care.archive_lead(lead_id, body.reason, caller.cause))

    @router.post("/leads/{lead_id}/reactivate")
    async def reactivate_lead(lead_id: Id, caller: SalesOps, response: Response) -> LeadView:
        """Brings an archived lead back to intake."""
        return answer(response, await care.reactivate_lead(lead_id, caller.cause))

    return router
