"""Routes of leads, from capture to conversion."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from dealwire.catalogue.common import Id
from dealwire.catalogue.lead import Bant, Facts
from dealwire.event import RecordedEvent
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers
from lead_service.api.access import AccountManager, Capturer, Reader, SalesOps, Worker, readable, working
from lead_service.api.views import (
    AssignBody,
    CaptureBody,
    CaptureView,
    DiscardBody,
    FactsBody,
    LeadView,
    QualifyBody,
    answer,
)
from lead_service.domain.correction import Person
from lead_service.domain.lead import Capture
from lead_service.handlers import Handlers
from lead_service.store import LeadStore

LeadId = Id


def routes(handlers: Handlers, store: LeadStore) -> APIRouter:  # one function per route
    """All that is done with one lead."""
    router = APIRouter(prefix="/v1", tags=["leads"])

    @router.post("/leads", status_code=201)
    async def capture_lead(body: CaptureBody, caller: Capturer, response: Response) -> CaptureView:
        """Captures a lead. A person who is already known is not captured again, but linked to the lead there is."""
        record = await handlers.capture_lead(Capture.model_validate(body.model_dump()), caller.cause)
        record_headers(response, record)
        lead = record.state
        return CaptureView(id=lead.id, version=record.version, status=lead.status, captures=lead.captures)

    @router.get("/leads/{lead_id}")
    async def get_lead(lead_id: LeadId, caller: Reader, response: Response) -> LeadView:
        """One lead."""
        return answer(response, await readable(store, lead_id, caller))

    @router.get("/leads/{lead_id}/timeline")
    async def get_timeline(
        lead_id: LeadId, caller: Reader, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Everything that ever happened to a lead, and to those that were merged into it: who, when, and why."""
        lead = (await readable(store, lead_id, caller)).state
        page = await store.leads.timeline(lead_id, also=lead.was_also, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.patch("/leads/{lead_id}")
    async def complete_lead(lead_id: LeadId, body: FactsBody, caller: Worker, response: Response) -> LeadView:
        """Completes or corrects what is known of a lead's person and company."""
        facts, person = Facts.model_validate(body.model_dump()), Person.model_validate(body.contact.model_dump())
        return answer(response, await handlers.complete_lead(lead_id, facts, person, working(caller), caller.cause))

    @router.post("/leads/{lead_id}/qualify")
    async def qualify_lead(lead_id: LeadId, body: QualifyBody, caller: SalesOps, response: Response) -> LeadView:
        """Scores and grades a lead; an A lead is assigned at once."""
        bant = Bant.model_validate(body.model_dump())
        return answer(response, await handlers.qualify_lead(lead_id, bant, caller.cause))

    @router.post("/leads/{lead_id}/assign")
    async def assign_lead(lead_id: LeadId, body: AssignBody, caller: SalesOps, response: Response) -> LeadView:
        """Gives a qualified lead to an account manager."""
        return answer(response, await handlers.assign_lead(lead_id, body.am_id, caller.cause, again=body.again))

    @router.post("/leads/{lead_id}/accept")
    async def accept_lead(lead_id: LeadId, caller: AccountManager, response: Response) -> LeadView:
        """The account manager takes the lead on."""
        return answer(response, await handlers.accept_lead(lead_id, caller.id, caller.cause))

    @router.post("/leads/{lead_id}/discard")
    async def discard_lead(lead_id: LeadId, body: DiscardBody, caller: SalesOps, response: Response) -> LeadView:
        """Discards an invalid lead."""
        return answer(response, await handlers.discard_lead(lead_id, body.reason, caller.cause))

    @router.post("/leads/{lead_id}/convert")
    async def convert_lead(lead_id: LeadId, caller: AccountManager, response: Response) -> LeadView:
        """Hands the lead over to pipeline-service, which opens the account and the opportunity."""
        return answer(response, await handlers.convert_lead(lead_id, caller.id, caller.cause))

    return router
