"""The customer's file: one account per company (P14, X4)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Literal

from pydantic import AwareDatetime

from dealwire.catalogue.common import Id, Line, Role, Value
from dealwire.catalogue.lead import LeadConverted
from dealwire.catalogue.people import MemberChanged
from dealwire.catalogue.pipeline import AccountChanged, AccountOpened
from dealwire.company import fold
from dealwire.errors import Rejected
from dealwire.event import Decision, derived_id

AccountOf = Callable[[str], str]
"""The id of the account of a company, by its name."""


class Account(Value):
    """A customer. `told_at` is when the lead that told of it was captured; an imported account has none.

    `owner_assigned` says that a person assigned the owner; else it is the AM of that lead, or of the import.
    """

    id: Id
    name: Line
    industry: Line | None = None
    region: Line | None = None
    owner_id: Id
    owner_assigned: bool = False
    source: Literal["lead", "import"]
    lead_id: Id | None = None
    told_at: AwareDatetime | None = None


def open_account(account: Account) -> Decision[Account]:
    """A company gets its account file (P14). Its id follows from its name, so that opening it again finds it there."""
    return account, (AccountOpened(**_told(account)),)


def told_by_lead(lead: LeadConverted, account_of: AccountOf) -> Account:
    """The account of a converted lead's company, owned by the lead's AM."""
    return Account(
        id=account_of(lead.company),
        name=lead.company,
        industry=lead.industry,
        region=lead.region,
        owner_id=lead.am_id,
        source="lead",
        lead_id=lead.lead_id,
        told_at=lead.captured_at,
    )


def keep_earliest(known: Account, told: Account) -> Decision[Account]:
    """Of a company's leads the one captured first says what the account is, whichever of them arrives first (X4).

    The owner that somebody assigned stays, whichever lead arrives when (P14, X4).
    """
    if known.told_at is None or told.told_at is None:
        return known, ()
    if (known.told_at, known.lead_id) <= (told.told_at, told.lead_id):
        return known, ()
    if known.owner_assigned:
        told = told.model_copy(update={"owner_id": known.owner_id, "owner_assigned": True})
    return told, (AccountChanged(**_told(told)),)


def assign_owner(account: Account, am: MemberChanged) -> Decision[Account]:
    """Sales operations or management hands a customer over to another active AM (P14, X1)."""
    # An AM that only a lead told of is assigned all the same: an earlier lead may tell of another one.
    if account.owner_assigned and account.owner_id == am.member_id:
        return account, ()
    check_new_am(am)
    assigned = account.model_copy(update={"owner_id": am.member_id, "owner_assigned": True})
    return assigned, (AccountChanged(**_told(assigned)),)


def check_new_am(am: MemberChanged) -> None:
    """Raises Rejected for a member to whom no customer and no deal is handed over."""
    if not am.active or Role.AM not in am.roles:
        raise Rejected("no-such-am", f"{am.member_id} is no active account manager.", pointer="/am_id")


def account_id(name: str) -> str:
    """One company, one id, however its name is typed (X4)."""
    return derived_id("account", fold(name))


def former_account_id(name: str) -> str:
    """The id that an account of this name got before legal forms and scripts were folded: it keeps it for good.

    Only width, case, spacing and punctuation did not count then.
    """
    even = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    # Cf: zero-width characters and the like, which come with copying and which nobody sees
    seen = "".join(char for char in even if unicodedata.category(char) != "Cf")
    words = "".join(char if unicodedata.category(char)[0] in "LNM" else " " for char in seen).split()
    return derived_id("account", " ".join(words) or re.sub(r"\s+", " ", seen).strip())


def _told(account: Account) -> dict[str, Any]:
    return {"account_id": account.id, **account.model_dump(include={"name", "industry", "region", "owner_id"})}
