"""Importing past deals and customers from an older system."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from dealwire.catalogue.common import Line, Role
from dealwire.errors import Rejected
from dealwire.kit.settings import MIB
from dealwire.kit.web import Body, Caller, allow, body_limit
from dealwire.kit.web.problems import escape_pointer
from pipeline_service.domain.past_deal import STAGES, PastAccount, PastDeal, ProductCatalogue
from pipeline_service.handlers.imports import Imported, ImportedAccount, Importer

Importing = Annotated[Caller, allow(Role.SO, scope="deals:import")]
ImportingAccounts = Annotated[Caller, allow(Role.SO, scope="accounts:import")]


def _row(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """Reads a row, or says what is wrong with it: one bad row is no reason to refuse the others."""
    try:
        return read(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        loc = [part for part in fault["loc"] if part not in STAGES]
        if fault["type"].startswith("union_tag"):
            loc = ["stage"]
        pointer = "".join(f"/{escape_pointer(str(part))}" for part in loc)
        return Rejected("unreadable", fault["msg"].removeprefix("Value error, "), pointer=pointer)


class ImportBody(Body):
    """Past deals of one source, at most 500 at a time. `products` are the known spellings of products."""

    source: Annotated[Line, Field(description="The older system: its ids are its own.")]
    products: Annotated[tuple[Line, ...], Field(max_length=1000)] = ()
    deals: Annotated[list[Annotated[PastDeal, WrapValidator(_row)]], Field(min_length=1, max_length=500)]


class ImportAccountsBody(Body):
    """Customers of an older system, at most 500 at a time."""

    accounts: Annotated[list[Annotated[PastAccount, WrapValidator(_row)]], Field(min_length=1, max_length=500)]


class RowError(BaseModel):
    """Why a row was not imported; `pointer` is a JSON pointer into the request's body."""

    code: str
    detail: str
    pointer: str


class RowView(BaseModel):
    """What became of a row."""

    status: Literal["created", "already_there", "error"]
    opportunity_id: str | None
    error: RowError | None

    @classmethod
    def of(cls, number: int, row: Imported) -> RowView:
        error = row.error and RowError(
            code=row.error.slug, detail=row.error.detail, pointer=f"/deals/{number}{row.error.pointer or ''}"
        )
        return cls(status=row.status, opportunity_id=row.opportunity_id, error=error)


class ImportView(BaseModel):
    """How many rows became what, and each row's result in the order of the request."""

    created: int
    already_there: int
    errors: int
    rows: list[RowView]


class AccountRowView(BaseModel):
    """What became of a customer's row."""

    status: Literal["created", "already_there", "error"]
    account_id: str | None
    error: RowError | None

    @classmethod
    def of(cls, number: int, row: ImportedAccount) -> AccountRowView:
        error = row.error and RowError(
            code=row.error.slug, detail=row.error.detail, pointer=f"/accounts/{number}{row.error.pointer or ''}"
        )
        return cls(status=row.status, account_id=row.account_id, error=error)


class ImportAccountsView(BaseModel):
    """How many rows became what, and each row's result in the order of the request."""

    created: int
    already_there: int
    errors: int
    rows: list[AccountRowView]


def routes(importer: Importer) -> APIRouter:
    """The routes of imports."""
    router = APIRouter(prefix="/v1/imports", tags=["imports"])

    @router.post("/deals", openapi_extra=body_limit(4 * MIB))
    async def import_deals(body: ImportBody, caller: Importing) -> ImportView:
        """Imports past deals; importing a row again changes nothing, and telling it otherwise is that row's error."""
        rows = await importer.import_deals(body.source, body.deals, ProductCatalogue(body.products), caller.cause)
        count = Counter(row.status for row in rows)
        return ImportView(
            created=count["created"],
            already_there=count["already_there"],
            errors=count["error"],
            rows=[RowView.of(number, row) for number, row in enumerate(rows)],
        )

    @router.post("/accounts", openapi_extra=body_limit(4 * MIB))
    async def import_accounts(body: ImportAccountsBody, caller: ImportingAccounts) -> ImportAccountsView:
        """Imports customers; one that has an account already keeps it as it is."""
        rows = await importer.import_accounts(body.accounts, caller.cause)
        count = Counter(row.status for row in rows)
        return ImportAccountsView(
            created=count["created"],
            already_there=count["already_there"],
            errors=count["error"],
            rows=[AccountRowView.of(number, row) for number, row in enumerate(rows)],
        )

    return router
