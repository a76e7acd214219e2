"""The customer's file: one account per company (P14, X4)."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from dealwire.catalogue.common import Id, Line, Value
from dealwire.catalogue.pipeline import AccountOpened
from dealwire.event import Decision, derived_id


class Account(Value):
    """A customer. `name` is as first typed, `owner_id` the AM whose lead or deal opened it."""

    id: Id
    name: Line
    industry: Line | None = None
    region: Line | None = None
    owner_id: Id
    source: Literal["lead", "import"]


def open_account(
    name: str,
    *,
    owner_id: str,
    source: Literal["lead", "import"],
    industry: str | None = None,
    region: str | None = None,
) -> Decision[Account]:
    """A company gets its account file (P14). Its id follows from its name, so that opening it again finds it there."""
    account = Account(
        id=account_id(name), name=name, industry=industry, region=region, owner_id=owner_id, source=source
    )
    return account, (
        AccountOpened(
            account_id=account.id,
            name=account.name,
            industry=account.industry,
            region=account.region,
            owner_id=account.owner_id,
        ),
    )


def account_id(name: str) -> str:
    """One company, one id, however its name is typed (X4)."""
    return derived_id("account", fold(name))


def fold(name: str) -> str:
    """A company name without width, case, spacing and punctuation.

    Letters, digits and the marks that belong to them stay; whatever stands between words becomes one space. A name of
    nothing but punctuation stays as it is: it must not equal every other such name.
    """
    even = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    # Cf: zero-width characters and the like, which come with copying and which nobody sees
    seen = "".join(char for char in even if unicodedata.category(char) != "Cf")
    words = "".join(char if unicodedata.category(char)[0] in "LNM" else " " for char in seen).split()
    return " ".join(words) or re.sub(r"\s+", " ", seen).strip()
