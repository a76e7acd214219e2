"""Payments of a contract over HTTP: receipts, and what is due."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from contract_service.api.contracts import READERS, Reader
from contract_service.domain.contract import Contract, Receipt
from contract_service.domain.payments import due, outstanding, overdue, paid
from contract_service.handlers import Handlers
from contract_service.store import ContractStore
from dealwire.catalogue.common import Id, Line, Money, Role
from dealwire.catalogue.contract import Instalment
from dealwire.kit.store import Record
from dealwire.kit.web.auth import Caller, allow
from dealwire.kit.web.bodies import Body
from dealwire.kit.web.records import record_headers

Finance = Annotated[Caller, allow(Role.FINANCE)]


class ReceiptBody(Body):
    """Money that came in; `reference` is the bank's or the ledger's name for it."""

    reference: Line
    amount: Money
    received_on: date


class PaymentsView(BaseModel):
    """What is to be paid, and what was: `due` by the day `on`, paid or not; `overdue` from the day after."""

    contract_id: str
    on: date
    amount: Money
    payment_plan: tuple[Instalment, ...]
    receipts: tuple[Receipt, ...]
    due: Money
    paid: Money
    outstanding: Money
    overdue: Money


def routes(handlers: Handlers, store: ContractStore) -> APIRouter:
    """All routes of payments."""
    router = APIRouter(prefix="/v1", tags=["payments"])

    @router.post("/contracts/{contract_id}/receipts", status_code=201)
    async def record_receipt(contract_id: Id, body: ReceiptBody, caller: Finance, response: Response) -> PaymentsView:
        """Finance records money that came in; the same reference counts once."""
        receipt = Receipt.model_validate(body.model_dump())
        record = await handlers.record_receipt(contract_id, receipt, caller.cause)
        return _answer(response, record, handlers.today(caller.cause))

    @router.get("/contracts/{contract_id}/payments")
    async def get_payments(
        contract_id: Id,
        caller: Reader,
        response: Response,
        on: Annotated[date | None, Query(description="As of this day; left out, today.")] = None,
    ) -> PaymentsView:
        """What is due by a day, paid, outstanding and overdue."""
        return _answer(
            response, await READERS.readable(store.contracts, contract_id, caller), on or handlers.today(caller.cause)
        )

    return router


def _answer(response: Response, record: Record[Contract], on: date) -> PaymentsView:
    record_headers(response, record)
    contract = record.state
    return PaymentsView(
        contract_id=contract.id,
        on=on,
        amount=contract.amount,
        payment_plan=contract.payment_plan,
        receipts=contract.receipts,
        due=due(contract, on),
        paid=paid(contract),
        outstanding=outstanding(contract),
        overdue=overdue(contract, on),
    )
