"""The numbers of the rules; a deployment changes them through its settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Policy(BaseModel):
    """Defaults are those of requirements L7, L8 and L13."""

    model_config = ConfigDict(frozen=True)

    acceptance_hours: Annotated[float, Field(gt=0, le=240, description="Business hours an AM has to accept (L13).")] = 2
    phone_region: Annotated[str, Field(pattern="^[A-Z]{2}$", description="Where a number without +NN is dialled.")] = (
        "CN"
    )
    score_weights: tuple[int, int, int, int] = (30, 25, 30, 15)
    """Points for budget, authority, need and timeline at 100 each (L7)."""
    confirmed: Annotated[
        int, Field(ge=0, le=100, description="From here on a BANT answer counts as confirmed (L8).")
    ] = 70
    latent: Annotated[int, Field(ge=0, le=100, description="Below this a need is only latent (L8).")] = 40
