"""Accounts: everybody here may look at them, for there is one shared view of a customer (X4); few hand them over."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from dealwire.catalogue.common import PEOPLE, Id, Role
from dealwire.event import RecordedEvent
from dealwire.kit.store import Record
from dealwire.kit.web import Caller, PageView, Paging, allow, page_view, record_headers
from pipeline_service.api.views import AssignAmBody
from pipeline_service.domain.account import Account
from pipeline_service.handlers import Handlers
from pipeline_service.store import PipelineStore

Reader = Annotated[Caller, allow(*PEOPLE, scope="accounts:read")]
Assigner = Annotated[Caller, allow(Role.SO, Role.MANAGEMENT)]


class AccountView(BaseModel):
    """An account as callers see it."""

    id: str
    version: int
    name: str
    industry: str | None
    region: str | None
    owner_id: str
    source: Literal["lead", "import"]
    lead_id: str | None
    opened_at: datetime

    @classmethod
    def of(cls, record: Record[Account]) -> AccountView:
        account = record.state.model_dump()
        return cls.model_validate({"version": record.version, "opened_at": record.created_at, **account})


def routes(handlers: Handlers, store: PipelineStore) -> APIRouter:
    """The routes of accounts."""
    router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

    @router.get("")
    async def list_accounts(
        caller: Reader,  # noqa: ARG001  # whoever passes `Reader` may
        paging: Paging,
        request: Request,
        response: Response,
        owner_id: Annotated[Id | None, Query(description="Only customers of this account manager.")] = None,
    ) -> PageView[AccountView]:
        """Accounts, newest first."""
        query = {} if owner_id is None else {"state.owner_id": owner_id}
        page = await store.accounts.page(query, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, AccountView.of, request, response)

    @router.get("/{account_id}")
    async def get_account(account_id: Id, caller: Reader, response: Response) -> AccountView:  # noqa: ARG001  # same
        """One account."""
        return _answer(response, await store.accounts.get(account_id))

    @router.get("/{account_id}/timeline")
    async def get_timeline(
        account_id: Id,
        caller: Reader,  # noqa: ARG001  # same
        paging: Paging,
        request: Request,
        response: Response,
    ) -> PageView[RecordedEvent]:
        """Everything that ever happened to an account."""
        page = await store.accounts.timeline(account_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.post("/{account_id}/assign")
    async def assign_account(account_id: Id, body: AssignAmBody, caller: Assigner, response: Response) -> AccountView:
        """Hands the customer over to another account manager; the customer's leads go along."""
        return _answer(response, await handlers.assign_account(account_id, body.am_id, caller.cause))

    return router


def _answer(response: Response, record: Record[Account]) -> AccountView:
    record_headers(response, record)
    return AccountView.of(record)
