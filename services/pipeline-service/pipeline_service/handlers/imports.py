"""The use cases of importing past deals and customers: many rows at a time, an answer for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from dealwire.calendar import BusinessCalendar
from dealwire.errors import Rejected
from dealwire.event import Decision
from dealwire.kit.cause import Cause
from pipeline_service.domain.account import Account
from pipeline_service.domain.history import deal_id, import_account, import_customer, import_deal
from pipeline_service.domain.past_deal import PastAccount, PastDeal, ProductCatalogue, check_days, differences
from pipeline_service.store import PipelineStore


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a row: where its deal is found, or why it was not imported."""

    status: Literal["created", "already_there", "error"]
    opportunity_id: str | None = None
    error: Rejected | None = None


@dataclass(frozen=True, slots=True)
class ImportedAccount:
    """What became of a row: where the customer's account is found, or why it was not imported."""

    status: Literal["created", "already_there", "error"]
    account_id: str | None = None
    error: Rejected | None = None


class Importer:
    """Imports past deals and customers, any number of times: a row finds what it made before, and deals may not
    contradict it.
    """

    def __init__(self, store: PipelineStore, calendar: BusinessCalendar) -> None:
        self._store = store
        self._calendar = calendar

    async def import_deals(
        self, source: str, rows: Sequence[PastDeal | Rejected], products: ProductCatalogue, cause: Cause
    ) -> list[Imported]:
        """Answers for every row, in order. A row that could not even be read comes as the error that says so."""
        await self._store.imports.claim(cause.new_id("import"), cause)
        today = self._calendar.day(cause.now)
        told = [_checked(row, products, today) for row in rows]
        deals: dict[str, PastDeal] = {}
        for row in told:
            if not isinstance(row, Rejected):
                deals.setdefault(deal_id(source, row.external_id), row)
        known = await self._create(deals, source, today, cause)
        kept = {**deals, **await self._store.imported(known)}
        created = deals.keys() - known
        results = []
        for row in told:
            result = _result(row, source, kept, created)
            created.discard(result.opportunity_id or "")  # told twice in one batch, it is created once
            results.append(result)
        return results

    async def import_accounts(self, rows: Sequence[PastAccount | Rejected], cause: Cause) -> list[ImportedAccount]:
        """Answers for every row, in order. A customer there is stays as it is."""
        await self._store.imports.claim(cause.new_id("import"), cause)
        account_of = await self._store.account_of([row.name for row in rows if isinstance(row, PastAccount)])
        accounts: dict[str, Decision[Account]] = {}
        for row in rows:
            if isinstance(row, PastAccount):
                accounts.setdefault(account_of(row.name), import_customer(row, account_of))
        created = accounts.keys() - await self._store.accounts.create_many(accounts.items(), cause)
        results = []
        for row in rows:
            if isinstance(row, Rejected):
                results.append(ImportedAccount("error", error=row))
                continue
            id_ = account_of(row.name)
            results.append(ImportedAccount("created" if id_ in created else "already_there", id_))
            created.discard(id_)  # told twice in one batch, it is created once
        return results

    async def _create(self, deals: Mapping[str, PastDeal], source: str, today: date, cause: Cause) -> set[str]:
        """Creates the deals that are not there yet, after their accounts; answers the ids of the others."""
        accounts: dict[str, Decision[Account]] = {}
        account_of = await self._store.account_of([past.account for past in deals.values() if past.account])
        for past in deals.values():
            if opened := import_account(past, account_of):
                accounts.setdefault(opened[0].id, opened)
        await self._store.accounts.create_many(accounts.items(), cause)
        new = [(id_, import_deal(past, source, today, account_of)) for id_, past in deals.items()]
        return set(await self._store.opportunities.create_many(new, cause))


def _checked(row: PastDeal | Rejected, products: ProductCatalogue, today: date) -> PastDeal | Rejected:
    if isinstance(row, Rejected):
        return row
    try:
        check_days(row, today)
    except Rejected as no:
        return no
    return row.with_product_of(products)


def _result(row: PastDeal | Rejected, source: str, kept: Mapping[str, PastDeal], created: set[str]) -> Imported:
    if isinstance(row, Rejected):
        return Imported("error", error=row)
    id_ = deal_id(source, row.external_id)
    if changed := differences(kept[id_], row):
        detail = f"The deal was imported before with another {', '.join(changed)}."
        return Imported("error", id_, Rejected("changed", detail, pointer=f"/{changed[0]}"))
    return Imported("created" if id_ in created else "already_there", id_)
