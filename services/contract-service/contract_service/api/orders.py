"""Orders over HTTP: acceptance by those who fulfil them, and delivery."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from contract_service.api.readers import Readers
from contract_service.domain.order import STANDS_FOR, Acceptance, Order, Status
from contract_service.handlers import Handlers
from contract_service.store import ContractStore
from dealwire.catalogue.common import Id, Role
from dealwire.catalogue.contract import Department
from dealwire.errors import Forbidden
from dealwire.event import RecordedEvent
from dealwire.kit.store import Record
from dealwire.kit.web.auth import Caller, allow
from dealwire.kit.web.bodies import Body
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers

READERS = Readers(
    "order", (Role.SO, Role.CS, Role.LEGAL, Role.FINANCE, Role.TEAM_LEAD, Role.MANAGEMENT), scope="orders:read"
)

Reader = Annotated[Caller, allow(*READERS.roles, Role.AM, scope=READERS.scope)]
Accepter = Annotated[Caller, allow(Role.SO, Role.CS, scope="orders:accept")]
Deliverer = Annotated[Caller, allow(Role.CS, scope="orders:deliver")]


class DeliverBody(Body):
    """When the customer had what was sold."""

    delivered_on: date


class OrderView(BaseModel):
    """An order as callers see it."""

    id: str
    version: int
    status: Status
    contract_id: str
    opportunity_id: str
    account_id: str | None
    account_name: str | None
    am_id: str
    signed_on: date
    accept_by: datetime
    acceptances: tuple[Acceptance, ...]
    waiting_for: tuple[Department, ...]
    escalated: bool
    delivered_on: date | None


def routes(handlers: Handlers, store: ContractStore) -> APIRouter:
    """All routes of orders."""
    router = APIRouter(prefix="/v1", tags=["orders"])

    @router.get("/orders")
    async def list_orders(
        caller: Reader,
        paging: Paging,
        request: Request,
        response: Response,
        status: Annotated[Status | None, Query(description="Only orders there.")] = None,
        waiting_for: Annotated[
            Department | None, Query(description="Only orders that this department has not accepted yet.")
        ] = None,
        am_id: Annotated[Id | None, Query(description="Only orders of this account manager.")] = None,
        contract_id: Annotated[Id | None, Query(description="Only the order of this contract.")] = None,
        account_id: Annotated[Id | None, Query(description="Only orders of this account.")] = None,
    ) -> PageView[OrderView]:
        """Orders, newest first; an AM sees the own ones."""
        wanted = {
            "status": status,
            "waiting_for": waiting_for,
            "am_id": am_id,
            "contract_id": contract_id,
            "account_id": account_id,
        }
        query = {f"state.{field}": value for field, value in wanted.items() if value is not None}
        page = await store.orders.page({"$and": [READERS.own(caller), query]}, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, _view, request, response)

    @router.get("/orders/{order_id}")
    async def get_order(order_id: Id, caller: Reader, response: Response) -> OrderView:
        """One order."""
        return _answer(response, await READERS.readable(store.orders, order_id, caller))

    @router.get("/orders/{order_id}/timeline")
    async def get_timeline(
        order_id: Id, caller: Reader, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Everything that ever happened to an order: who, when, and why."""
        await READERS.readable(store.orders, order_id, caller)
        page = await store.orders.timeline(order_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.post("/orders/{order_id}/acceptances/{department}")
    async def accept_order(order_id: Id, department: Department, caller: Accepter, response: Response) -> OrderView:
        """A department takes the order over: service by customer success, the others by their systems."""
        if not _may_accept(caller, department):
            raise Forbidden("not-your-department", f"You do not accept orders for {department}.")
        return _answer(response, await handlers.accept_order(order_id, department, caller.id, caller.cause))

    @router.post("/orders/{order_id}/deliver")
    async def deliver_order(order_id: Id, body: DeliverBody, caller: Deliverer, response: Response) -> OrderView:
        """What was sold is delivered; all departments had accepted the order before."""
        return _answer(response, await handlers.deliver_order(order_id, body.delivered_on, caller.cause))

    return router


def _may_accept(caller: Caller, department: Department) -> bool:
    by_system = department is not Department.SERVICE and "orders:accept" in caller.scopes
    return by_system or STANDS_FOR[department] in caller.roles


def _answer(response: Response, record: Record[Order]) -> OrderView:
    record_headers(response, record)
    return _view(record)


def _view(record: Record[Order]) -> OrderView:
    return OrderView.model_validate({"version": record.version, **record.state.model_dump()})
