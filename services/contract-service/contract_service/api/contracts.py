"""Contracts over HTTP: terms, review and signature."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, StrictBool

from contract_service.api.readers import Readers
from contract_service.domain.contract import Contract, Review, Signatory, Signature, Status
from contract_service.handlers import Handlers
from contract_service.store import ContractStore
from dealwire.catalogue.common import Id, Money, QuoteLine, Role, Sha256, Text
from dealwire.catalogue.contract import Clause, Desk, Instalment
from dealwire.event import RecordedEvent
from dealwire.kit.store import Record
from dealwire.kit.web.auth import Caller, allow
from dealwire.kit.web.bodies import Body
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers

READERS = Readers(
    "contract", (Role.SO, Role.LEGAL, Role.FINANCE, Role.TEAM_LEAD, Role.MANAGEMENT), scope="contracts:read"
)

Reader = Annotated[Caller, allow(*READERS.roles, Role.AM, scope=READERS.scope)]
AccountManager = Annotated[Caller, allow(Role.AM)]
Reviewer = Annotated[Caller, allow(Role.SO, Role.LEGAL, Role.FINANCE)]


class TermsBody(Body):
    """The whole terms; without instalments all of the amount is due at the end of the credit term after signing."""

    clauses: Annotated[tuple[Clause, ...], Field(max_length=50)]
    payment_plan: Annotated[tuple[Instalment, ...], Field(max_length=120)] = ()


class ReviewBody(Body):
    """What the desk decides, and why."""

    approved: StrictBool
    comment: Text | None = None


class SignBody(Body):
    """Who signed, for which side, which document, and when."""

    signatories: Annotated[tuple[Signatory, ...], Field(max_length=20)]
    document_sha256: Sha256
    signed_on: date


class ContractSummary(BaseModel):
    """A contract in a list."""

    id: str
    version: int
    status: Status
    opportunity_id: str
    quote_id: str | None
    account_id: str | None
    account_name: str | None
    am_id: str
    se_id: str | None
    amount: Money
    round: int
    opened_on: date
    drafted_on: date | None
    signed_on: date | None
    withdrawn_on: date | None
    historical: bool


class ContractView(ContractSummary):
    """A contract as callers see it; `desks` are asked in the current round, `reviews` are what they decided."""

    lines: tuple[QuoteLine, ...]
    clauses: tuple[Clause, ...]
    payment_plan: tuple[Instalment, ...]
    desks: tuple[Desk, ...]
    reviews: tuple[Review, ...]
    signature: Signature | None
    withdrawal_reason: str | None


def routes(handlers: Handlers, store: ContractStore) -> APIRouter:
    """All routes of contracts."""
    router = APIRouter(prefix="/v1", tags=["contracts"])

    @router.get("/contracts")
    async def list_contracts(
        caller: Reader,
        paging: Paging,
        request: Request,
        response: Response,
        status: Annotated[Status | None, Query(description="Only contracts there.")] = None,
        am_id: Annotated[Id | None, Query(description="Only contracts of this account manager.")] = None,
        opportunity_id: Annotated[Id | None, Query(description="Only contracts of this opportunity.")] = None,
        account_id: Annotated[Id | None, Query(description="Only contracts of this account.")] = None,
    ) -> PageView[ContractSummary]:
        """Contracts, newest first; an AM sees the own ones."""
        wanted = {"status": status, "am_id": am_id, "opportunity_id": opportunity_id, "account_id": account_id}
        query = {f"state.{field}": value for field, value in wanted.items() if value is not None}
        page = await store.contracts.page(
            {"$and": [READERS.own(caller), query]}, cursor=paging.cursor, limit=paging.limit
        )
        return page_view(page, _summary, request, response)

    @router.get("/contracts/{contract_id}")
    async def get_contract(contract_id: Id, caller: Reader, response: Response) -> ContractView:
        """One contract."""
        return _answer(response, await READERS.readable(store.contracts, contract_id, caller))

    @router.get("/contracts/{contract_id}/timeline")
    async def get_timeline(
        contract_id: Id, caller: Reader, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Everything that ever happened to a contract: who, when, and why."""
        await READERS.readable(store.contracts, contract_id, caller)
        page = await store.contracts.timeline(contract_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.put("/contracts/{contract_id}/terms")
    async def change_terms(
        contract_id: Id, body: TermsBody, caller: AccountManager, response: Response
    ) -> ContractView:
        """The AM rewrites clauses and payment plan, as long as the contract is a draft."""
        return _answer(
            response,
            await handlers.change_terms(contract_id, body.clauses, body.payment_plan, caller.id, caller.cause),
        )

    @router.post("/contracts/{contract_id}/submit")
    async def submit_contract(contract_id: Id, caller: AccountManager, response: Response) -> ContractView:
        """The AM submits the draft; all desks concerned review it at once."""
        return _answer(response, await handlers.submit_contract(contract_id, caller.id, caller.cause))

    @router.post("/contracts/{contract_id}/reviews/{desk}")
    async def review_contract(
        contract_id: Id, desk: Desk, body: ReviewBody, caller: Reviewer, response: Response
    ) -> ContractView:
        """A desk decides: the last approval approves the contract, any objection returns it to draft."""
        decision = Review(desk=desk, approved=body.approved, by=caller.id, comment=body.comment)
        return _answer(response, await handlers.review_contract(contract_id, decision, caller.roles, caller.cause))

    @router.post("/contracts/{contract_id}/sign")
    async def sign_contract(
        contract_id: Id, body: SignBody, caller: AccountManager, response: Response
    ) -> ContractView:
        """The AM records that both sides signed; the order is handed over to those who fulfil it."""
        signature = Signature.model_validate(body.model_dump())
        return _answer(response, await handlers.sign_contract(contract_id, signature, caller.id, caller.cause))

    return router


def _answer(response: Response, record: Record[Contract]) -> ContractView:
    record_headers(response, record)
    return ContractView.model_validate({"version": record.version, **record.state.model_dump()})


def _summary(record: Record[Contract]) -> ContractSummary:
    return ContractSummary.model_validate({"version": record.version, **record.state.model_dump()})
