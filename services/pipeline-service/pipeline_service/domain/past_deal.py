"""A deal, or a customer, as an older system tells it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field

from dealwire.catalogue.common import Id, Line, Money, Value
from dealwire.errors import Rejected


class _Told(Value):
    external_id: Line
    agent: Annotated[Id, Field(description="The member whose deal it was.")]
    product: Line
    account: Annotated[Line | None, Field(description="The customer's name, where the older system knew it.")] = None
    engaged_on: date | None = None
    value: Money | None = None

    def with_product_of(self, catalogue: ProductCatalogue) -> Self:
        """The same deal with its product spelled as the catalogue does."""
        return self.model_copy(update={"product": catalogue.spelling(self.product)})


class PastOpenDeal(_Told):
    """A deal the older system had not closed."""

    stage: Literal["prospecting", "engaging"]
    closed_on: None = None


class PastWonDeal(_Told):
    """A deal the older system had won: `value` is the contract's amount and `closed_on` the day it was signed."""

    stage: Literal["won"]
    engaged_on: date
    closed_on: date
    value: Money


class PastLostDeal(_Told):
    """A deal the older system had lost."""

    stage: Literal["lost"]
    closed_on: date


PastDeal = Annotated[PastOpenDeal | PastWonDeal | PastLostDeal, Field(discriminator="stage")]
"""One row of an import."""


class PastAccount(Value):
    """A customer as an older system tells it."""

    name: Line
    owner: Annotated[Id, Field(description="The member whose customer it is.")]
    industry: Line | None = None
    region: Line | None = None


STAGES = ("prospecting", "engaging", "won", "lost")
"""How far a deal may have come in the older system."""


class ProductCatalogue:
    """The products there are. Case and spaces do not make another product: "GTXPro" is "GTX Pro"."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {_fold(name): name for name in names}

    def spelling(self, name: str) -> str:
        """The catalogue's spelling, or the name as it is when the catalogue has no such product."""
        return self._names.get(_fold(name), name)


def check_days(past: PastDeal, today: date) -> None:
    """Raises Rejected, with a pointer into the row, for a day to come or a deal that closed before it was engaged."""
    for field, day in (("engaged_on", past.engaged_on), ("closed_on", past.closed_on)):
        if day and day > today:
            raise Rejected("in-the-future", "A past deal has no day in the future.", pointer=f"/{field}")
    if past.engaged_on and past.closed_on and past.closed_on < past.engaged_on:
        raise Rejected("closed-before-engaged", "The deal closed before it was engaged.", pointer="/closed_on")


def differences(one: PastDeal, other: PastDeal) -> list[str]:
    """The fields in which two tellings of a deal differ."""
    first, second = one.model_dump(), other.model_dump()
    return [field for field in first if first[field] != second[field]]


def _fold(name: str) -> str:
    return "".join(name.casefold().split())
