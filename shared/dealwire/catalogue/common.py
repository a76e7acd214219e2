"""Values that events of several services share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic_extra_types.currency_code import ISO4217

MAX_MINOR = 10**15
"""The largest amount accepted, in minor units: ten trillion of a currency with cents. More is a typing error."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]*$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Value(BaseModel):
    """A small immutable value inside a record or an event."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Money(Value):
    """An amount in minor units (cents, fen) of an ISO 4217 currency."""

    minor: Annotated[int, Field(ge=0, le=MAX_MINOR, strict=True, description="Amount in minor units (cents, fen).")]
    currency: Annotated[ISO4217, Field(description="ISO 4217 code, e.g. CNY.")]

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(minor=self.minor + other.minor, currency=self.currency)


_WITHOUT_CENTS = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_WITH_THREE = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


def minor_digits(currency: str) -> int:
    """How many decimals an amount has when people write it: 2 for most currencies (ISO 4217, "minor unit")."""
    return 0 if currency in _WITHOUT_CENTS else 3 if currency in _WITH_THREE else 2


class Role(StrEnum):
    """What somebody is in the sales organisation (requirements, "Roles"), and so what they may do."""

    AM = "am"
    SE = "se"
    SO = "so"
    CS = "cs"
    TEAM_LEAD = "team_lead"
    LEGAL = "legal"
    FINANCE = "finance"
    MANAGEMENT = "management"
    MACHINE = "machine"


PEOPLE = tuple(role for role in Role if role is not Role.MACHINE)


class Channel(StrEnum):
    """Where a lead came from (L1)."""

    WEB_FORM = "web_form"
    EXPO = "expo"
    EVENT = "event"
    CONTENT = "content"
    SEARCH = "search"
    SOCIAL = "social"
    ADVERTISING = "advertising"
    PARTNER = "partner"
    REFERRAL = "referral"
    CHAMBER = "chamber"
    COLD_CALL = "cold_call"
    COLD_EMAIL = "cold_email"
    MARKETING_POOL = "marketing_pool"
    REPURCHASE = "repurchase"


class Grade(StrEnum):
    """A: budget confirmed, decision chain clear, need fits. B: need, budget open. C: latent need (L8)."""

    A = "A"
    B = "B"
    C = "C"


class Stage(StrEnum):
    """The sales process (P1)."""

    PROSPECT = "prospect"
    NEEDS = "needs"
    SOLUTION = "solution"
    QUOTE = "quote"
    NEGOTIATION = "negotiation"
    CONTRACT = "contract"
    WON = "won"
    LOST = "lost"


class Contact(Value):
    """A person at the customer. `phone` is E.164, `email` normalised."""

    name: Line
    phone: str | None = None
    email: str | None = None
    title: Line | None = None


class QuoteLine(Value):
    """One line of a quote; `discount_percent` is off `unit_price`."""

    product: Line
    quantity: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
    unit_price: Money
    discount_percent: Annotated[int, Field(ge=0, le=100, strict=True)] = 0
