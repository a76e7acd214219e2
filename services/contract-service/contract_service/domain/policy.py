"""The numbers and texts of the rules, which a deployment may change (X8)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from dealwire.catalogue.common import Value
from dealwire.catalogue.contract import Clause


class Policy(Value):
    """What an organisation has decided about its contracts and orders.

    `standard_clauses` are what every draft starts with (C1), `credit_days` the days after signing in which a contract
    without a payment plan is paid (C15), `order_acceptance_hours` the working hours in which production, delivery and
    service accept an order (C8).
    """

    model_config = ConfigDict(extra="forbid")

    standard_clauses: tuple[Clause, ...] = (
        Clause(kind="standard", text="The supplier delivers the goods and services listed in the accepted quote."),
        Clause(kind="standard", text="The customer pays the instalments of the payment plan on the days they are due."),
        Clause(kind="standard", text="Both parties keep confidential what they learn of each other's business."),
    )
    credit_days: Annotated[int, Field(ge=0, le=3650)] = 30
    order_acceptance_hours: Annotated[float, Field(gt=0, le=400)] = 4
