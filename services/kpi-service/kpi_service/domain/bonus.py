"""The bonus pool: a share of the month's sales, split between sales and appraisal (K10, K11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kpi_service.domain.policy import WHOLE, Policy


@dataclass(frozen=True, slots=True)
class Share:
    """A member's part of the pool, in minor units."""

    member_id: str
    sales: int
    by_sales: int
    by_appraisal: int

    @property
    def total(self) -> int:
        return self.by_sales + self.by_appraisal


@dataclass(frozen=True, slots=True)
class Pool:
    """A month's pool in one currency, in minor units; `held` waits for appraisals."""

    currency: str
    sales: int
    amount: int
    by_sales: int
    by_appraisal: int
    held: int
    shares: tuple[Share, ...]


def pool(currency: str, sales: Mapping[str, int], appraisals: Mapping[str, int], policy: Policy) -> Pool:
    """The pool of a month from each member's sales and appraisal score (K11).

    Fractions of a minor unit stay out of the pool; what is in it is given out to the last unit. Without appraisals
    their part is held.
    """
    sold = sum(sales.values())
    amount = sold * policy.pool_of_sales // WHOLE
    by_sales = amount * policy.by_sales // WHOLE
    by_appraisal = amount - by_sales
    earned, appraised = split(by_sales, sales), split(by_appraisal, appraisals)
    return Pool(
        currency=currency,
        sales=sold,
        amount=amount,
        by_sales=by_sales,
        by_appraisal=by_appraisal,
        held=by_appraisal - sum(appraised.values()),
        shares=tuple(
            Share(member_id, sales.get(member_id, 0), earned.get(member_id, 0), appraised.get(member_id, 0))
            for member_id in sorted(earned.keys() | appraised.keys())
        ),
    )


def split(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Shares in proportion to weight that sum exactly to the amount, by largest remainder; ties go by id.

    Without any weight nothing is given out.
    """
    whole = sum(weights.values())
    if whole == 0:
        return {}
    shares = {who: amount * weight // whole for who, weight in weights.items() if weight}
    left = amount - sum(shares.values())
    by_remainder = sorted(shares, key=lambda who: (-(amount * weights[who] % whole), who))
    for who in by_remainder[:left]:
        shares[who] += 1
    return shares
