"""The numbers of the rules; a deployment changes them through its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

WHOLE = 10_000
"""Basis points in a whole."""

Rate = Literal["win_rate", "lead_acceptance_rate", "lead_conversion_rate"]
"""A figure of the scorecard that is a share of something."""

BasisPoints = Annotated[int, Field(ge=0, le=WHOLE)]


class Policy(BaseModel):
    """What an organisation has decided about its bonus pool, in hundredths of a percent (K11), and about rating (L11)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pool_of_sales: Annotated[BasisPoints, Field(description="The pool's share of the month's sales.")] = 500
    by_sales: Annotated[BasisPoints, Field(description="The part of the pool split by sales, not appraisal.")] = 7000
    rated_days: Annotated[int, Field(ge=1, le=3660, description="How many days a rating looks back.")] = 90
    performance_weights: Annotated[
        Mapping[Rate, Annotated[int, Field(ge=0, le=100)]], Field(description="What each rate counts in a rating.")
    ] = {"win_rate": 40, "lead_conversion_rate": 30, "lead_acceptance_rate": 30}
