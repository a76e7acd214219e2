"""The route by which several leads come in with one request."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from dealwire.errors import Rejected
from dealwire.event import derived_id
from dealwire.kit.settings import MIB
from dealwire.kit.web import Body, body_limit
from dealwire.kit.web.problems import escape_pointer
from lead_service.api.access import Capturer
from lead_service.api.views import CaptureBody
from lead_service.domain.lead import Capture
from lead_service.handlers import Bulk
from lead_service.handlers.bulk import Outcome, Row


def _row(value: Any, read: ValidatorFunctionWrapHandler) -> CaptureBody | Rejected:
    """Reads a row, or says what is wrong with it: one bad row is no reason to refuse the others."""
    try:
        body: CaptureBody = read(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        pointer = "".join(f"/{escape_pointer(str(part))}" for part in fault["loc"])
        return Rejected("unreadable", fault["msg"].removeprefix("Value error, "), pointer=pointer)
    return body


class BatchBody(Body):
    """Captures, at most 500 at a time."""

    leads: Annotated[list[Annotated[CaptureBody, WrapValidator(_row)]], Field(min_length=1, max_length=500)]


class RowError(BaseModel):
    """Why a row was not captured; `pointer` is a JSON pointer into the request's body."""

    code: str
    detail: str
    pointer: str


class RowView(BaseModel):
    """What became of a row: a new lead, a lead that was there, or an error."""

    status: Literal["captured", "linked", "error"]
    lead_id: str | None
    error: RowError | None

    @classmethod
    def of(cls, number: int, row: Outcome) -> RowView:
        error = row.error and RowError(
            code=row.error.slug, detail=row.error.detail, pointer=f"/leads/{number}{row.error.pointer or ''}"
        )
        return cls(status=row.status, lead_id=row.lead_id, error=error)


class BatchView(BaseModel):
    """How many rows became what, and each row's result in the order of the request."""

    captured: int
    linked: int
    errors: int
    rows: list[RowView]


def routes(bulk: Bulk) -> APIRouter:
    """Batches."""
    router = APIRouter(prefix="/v1", tags=["imports"])

    @router.post("/leads/batch", openapi_extra=body_limit(4 * MIB))
    async def capture_batch(body: BatchBody, caller: Capturer) -> BatchView:
        """Captures up to 500 leads; each has its own result, and a bad one is no reason to refuse the others."""
        batch_id = caller.cause.new_id("batch")
        rows = [
            Row(
                derived_id(batch_id, n),
                told if isinstance(told, Rejected) else Capture.model_validate(told.model_dump()),
            )
            for n, told in enumerate(body.leads)
        ]
        outcomes = await bulk.capture_batch(batch_id, rows, caller.cause)
        count = Counter(outcome.status for outcome in outcomes)
        return BatchView(
            captured=count["captured"],
            linked=count["linked"],
            errors=count["error"],
            rows=[RowView.of(number, outcome) for number, outcome in enumerate(outcomes)],
        )

    return router
