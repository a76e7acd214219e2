"""The numbers of the rules; a deployment changes them through its settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

WHOLE = 10_000
"""Basis points in a whole."""

BasisPoints = Annotated[int, Field(ge=0, le=WHOLE)]


class Policy(BaseModel):
    """What an organisation has decided about its bonus pool, in hundredths of a percent (K11)."""

    model_config = ConfigDict(frozen=True)

    pool_of_sales: Annotated[BasisPoints, Field(description="The pool's share of the month's sales.")] = 500
    by_sales: Annotated[BasisPoints, Field(description="The part of the pool split by sales, not appraisal.")] = 7000
