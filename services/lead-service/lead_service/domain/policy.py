"""The numbers of the rules; a deployment changes them through its settings."""

from __future__ import annotations

from typing import Annotated, Self

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _dialled(region: str) -> str:
    if region not in SUPPORTED_REGIONS:
        raise ValueError(f"nobody dials in {region!r}: it takes an ISO 3166 code such as CN or GB")
    return region


Percent = Annotated[int, Field(ge=0, le=100)]


class Policy(BaseModel):
    """Defaults are those of requirements L7, L8 and L13."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    acceptance_hours: Annotated[float, Field(gt=0, le=240)] = 2
    """Business hours an AM has to accept (L13)."""
    phone_region: Annotated[str, AfterValidator(_dialled)] = "CN"
    """Where a number without a country code is dialled (L3)."""
    score_weights: tuple[Percent, Percent, Percent, Percent] = (30, 25, 30, 15)
    """Points for budget, authority, need and timeline at 100 each (L7)."""
    confirmed: Percent = 70
    """From here on a BANT answer counts as confirmed (L8)."""
    latent: Percent = 40
    """Below this a need is only latent (L8)."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.latent > self.confirmed:
            raise ValueError("a need that is latent cannot be confirmed: `latent` must not be above `confirmed`")
        return self
