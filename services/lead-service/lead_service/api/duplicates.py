"""Routes of likely duplicates."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from dealwire.catalogue.common import Channel, Id, Line, Role
from dealwire.event import RecordedEvent
from dealwire.kit.store import Record
from dealwire.kit.web.auth import Caller, allow
from dealwire.kit.web.bodies import Body
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers
from lead_service.api.access import SalesOps
from lead_service.api.views import ContactBody, LeadView, Uscc, answer
from lead_service.domain.customer import Customer
from lead_service.domain.lead import AccountLink, Capture, Lead, Status
from lead_service.domain.matching import Match
from lead_service.domain.suggestion import Kind, Suggestion, Verdict
from lead_service.handlers import Duplicates
from lead_service.handlers.duplicates import Met
from lead_service.store import LeadStore

Checker = Annotated[Caller, allow(Role.SO, Role.TEAM_LEAD, scope="leads:read")]


class CheckBody(Body):
    """Whom one wants to know about."""

    company: Line
    contact: ContactBody
    region: Line | None = None
    uscc: Uscc | None = None


class LeadMetView(BaseModel):
    """A lead that a capture would meet: `score` is of 100, and 100 with what it was `matched_on` for the very same."""

    id: str
    status: Status
    company: str
    contact: str
    am_id: str | None
    score: int
    because: tuple[str, ...]
    matched_on: tuple[str, ...] = ()


class CustomerMetView(BaseModel):
    """A customer that a capture would meet."""

    account_id: str
    name: str
    am_id: str
    score: int
    because: tuple[str, ...]


class CheckView(BaseModel):
    """What a capture would be linked to, and what is likely the same."""

    lead: LeadMetView | None
    customer: AccountLink | None
    likely_leads: list[LeadMetView]
    likely_customers: list[CustomerMetView]


class MergeBody(Body):
    """Which lead it is."""

    into: Id


class SuggestionView(BaseModel):
    """A likely duplicate of a lead: another lead or a customer."""

    id: str
    version: int
    lead_id: str
    kind: Kind
    other_id: str
    score: int
    because: tuple[str, ...]
    verdict: Verdict
    settled_by: str | None
    suggested_at: datetime


def routes(finder: Duplicates, store: LeadStore) -> APIRouter:
    """Looking for duplicates, and settling those that were found."""
    router = APIRouter(prefix="/v1", tags=["duplicates"])

    @router.post("/duplicates/check")
    async def check_duplicates(body: CheckBody, caller: Checker) -> CheckView:
        """Says what a capture would meet: the lead it would be linked to, its customer, and what is likely the same."""
        # The channel makes no difference.
        told = Capture.model_validate({"channel": Channel.WEB_FORM, **body.model_dump()})
        return _met(await finder.check(told, caller.cause))

    @router.get("/suggestions")
    async def list_suggestions(
        _: SalesOps,
        paging: Paging,
        request: Request,
        response: Response,
        verdict: Annotated[Verdict | None, Query(description="Only those.")] = None,
        lead_id: Annotated[Id | None, Query(description="Only those of this lead, from either side.")] = None,
    ) -> PageView[SuggestionView]:
        """Likely duplicates, newest first."""
        query: dict[str, object] = {"state.verdict": verdict} if verdict else {}
        if lead_id:
            query["$or"] = [{"state.lead_id": lead_id}, {"state.other_id": lead_id}]
        page = await store.suggestions.page(query, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, _suggestion_view, request, response)

    @router.get("/suggestions/{suggestion_id}")
    async def get_suggestion(suggestion_id: Id, _: SalesOps, response: Response) -> SuggestionView:
        """One likely duplicate."""
        return _answer(response, await store.suggestions.get(suggestion_id))

    @router.get("/suggestions/{suggestion_id}/timeline")
    async def get_suggestion_timeline(
        suggestion_id: Id, _: SalesOps, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """When it was suggested, and who settled it."""
        page = await store.suggestions.timeline(suggestion_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.post("/suggestions/{suggestion_id}/confirm")
    async def confirm_suggestion(suggestion_id: Id, caller: SalesOps, response: Response) -> SuggestionView:
        """The two are the same: leads are merged, the one further along survives; a customer's lead goes to its AM."""
        return _answer(response, await finder.confirm(suggestion_id, caller.id, caller.cause))

    @router.post("/leads/{lead_id}/merge")
    async def merge_lead(lead_id: Id, body: MergeBody, caller: SalesOps, response: Response) -> LeadView:
        """Merges a lead into another, which is the same; both histories are kept, and it can be undone."""
        return answer(response, await finder.merge_leads(lead_id, body.into, caller.cause))

    @router.post("/leads/{lead_id}/unmerge")
    async def unmerge_lead(lead_id: Id, caller: SalesOps, response: Response) -> LeadView:
        """Undoes a merge: this lead is what it was, and the other gives back what it had from it."""
        return answer(response, await finder.unmerge_leads(lead_id, caller.cause))

    @router.post("/suggestions/{suggestion_id}/dismiss")
    async def dismiss_suggestion(suggestion_id: Id, caller: SalesOps, response: Response) -> SuggestionView:
        """The two are not the same; that is never suggested again."""
        return _answer(response, await finder.dismiss(suggestion_id, caller.id, caller.cause))

    return router


def _answer(response: Response, record: Record[Suggestion]) -> SuggestionView:
    record_headers(response, record)
    return _suggestion_view(record)


def _suggestion_view(record: Record[Suggestion]) -> SuggestionView:
    about = {"version": record.version, "suggested_at": record.created_at}
    return SuggestionView.model_validate({**about, **record.state.model_dump()})


def _met(met: Met) -> CheckView:
    one = met.customer
    very_same = Match(100, tuple(f"the {key} is the same" for key in met.matched_on))
    return CheckView(
        lead=_lead_met(met.lead, very_same, met.matched_on) if met.lead else None,
        customer=AccountLink(account_id=one.account_id, name=one.name, am_id=one.am_id) if one else None,
        likely_leads=[_lead_met(lead, match) for lead, match in met.leads],
        likely_customers=[_customer_met(customer, match) for customer, match in met.customers],
    )


def _lead_met(lead: Lead, match: Match, matched_on: tuple[str, ...] = ()) -> LeadMetView:
    return LeadMetView(
        id=lead.id,
        status=lead.status,
        company=lead.capture.company,
        contact=lead.capture.contact.name,
        am_id=lead.am_id,
        score=match.score,
        because=match.because,
        matched_on=matched_on,
    )


def _customer_met(customer: Customer, match: Match) -> CustomerMetView:
    about = customer.model_dump(include={"account_id", "name", "am_id"})
    return CustomerMetView(**about, score=match.score, because=match.because)
