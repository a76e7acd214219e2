"""Past deals from an older system become accounts and deals of ours, marked as historical."""

from __future__ import annotations

from datetime import date

from dealwire.catalogue.common import Stage
from dealwire.catalogue.pipeline import WonDealImported
from dealwire.event import Decision, derived_id
from pipeline_service.domain.account import Account, AccountOf, open_account
from pipeline_service.domain.opportunity import Opportunity, opened
from pipeline_service.domain.past_deal import PastAccount, PastDeal, PastLostDeal, PastWonDeal
from pipeline_service.domain.progress import lost
from pipeline_service.domain.stages import up_to

LOSS_REASON = "unknown (imported)"


def import_customer(past: PastAccount, account_of: AccountOf) -> Decision[Account]:
    """A customer of an older system gets its account, owned by its AM; one that has an account already keeps it (P14)."""
    told = past.model_dump(include={"name", "industry", "region"})
    return open_account(Account(id=account_of(past.name), owner_id=past.owner, source="import", **told))


def import_account(past: PastDeal, account_of: AccountOf) -> Decision[Account] | None:
    """The account of the customer a row names, opened for the row's agent; a row that names none has none."""
    if past.account is None:
        return None
    return open_account(Account(id=account_of(past.account), name=past.account, owner_id=past.agent, source="import"))


def import_deal(past: PastDeal, source: str, today: date, account_of: AccountOf) -> Decision[Opportunity]:
    """A past deal whose days were checked, as one of ours; its id follows from `source` and its own (see `deal_id`).

    An open deal goes on in its stage and a lost one is lost on its day. A won one waits in stage contract until its
    contract is recorded as signed: no deal is won in any other way.
    """
    stage = _stage(past)
    deal = Opportunity(
        id=deal_id(source, past.external_id),
        title=past.product,
        stage=stage,
        reached=up_to(stage),
        am_id=past.agent,
        account_id=account_of(past.account) if past.account else None,
        account_name=past.account,
        product=past.product,
        # A prospect nobody has engaged yet is opened with us.
        opened_on=past.engaged_on or past.closed_on or today,
        imported=past,
    )
    if isinstance(past, PastLostDeal):
        gone, events = lost(deal, LOSS_REASON, past.closed_on, historical=True)
        return gone, (opened(deal), *events)
    if isinstance(past, PastWonDeal):
        return deal, (opened(deal), _won(deal, past))
    return deal, (opened(deal),)


def deal_id(source: str, external_id: str) -> str:
    """Where the older system's deal is found with us: importing it again finds it there."""
    return derived_id("deal", source, external_id)


def _stage(past: PastDeal) -> Stage:
    if isinstance(past, PastWonDeal):
        return Stage.CONTRACT
    return Stage.NEEDS if past.stage == "engaging" or past.engaged_on else Stage.PROSPECT


def _won(deal: Opportunity, past: PastWonDeal) -> WonDealImported:
    return WonDealImported(
        opportunity_id=deal.id,
        external_id=past.external_id,
        account_id=deal.account_id,
        account_name=deal.account_name,
        am_id=deal.am_id,
        product=past.product,
        amount=past.value,
        opened_on=past.engaged_on,
        signed_on=past.closed_on,
    )
