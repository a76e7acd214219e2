"""What a deal is, and how one is opened (P1, L20)."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime

from dealwire.catalogue.common import Channel, Contact, Grade, Id, Line, Money, Role, Stage, Text, Value
from dealwire.catalogue.lead import Bant, LeadConverted
from dealwire.catalogue.people import MemberChanged
from dealwire.catalogue.pipeline import OpportunityOpened
from dealwire.errors import Conflict, Forbidden, Rejected
from dealwire.event import Decision, derived_id
from pipeline_service.domain.account import Account, AccountOf
from pipeline_service.domain.past_deal import PastDeal
from pipeline_service.domain.quote import Quote
from pipeline_service.domain.stages import CLOSED, up_to


class Origin(Value):
    """What was known of the lead that became a deal, beside its contact and need; `size` is the number of employees
    (L20).
    """

    channel: Channel
    campaign: Line | None = None
    industry: Line | None = None
    region: Line | None = None
    size: int | None = None
    uscc: str | None = None
    grade: Grade
    score: int
    bant: Bant
    captured_at: AwareDatetime


class Opportunity(Value):
    """A deal with its quotes.

    `account_name` is the customer's name as told with the deal. `reached` are the stages it has ever been in. `notes`
    are the market notes that matter for it. `amount` is that of the signed contract. `origin` is for a deal that comes
    from a lead, and `imported` the older system's row, for one that comes from there.
    """

    id: Id
    title: Line
    stage: Stage
    reached: tuple[Stage, ...]
    am_id: Id
    se_id: Id | None = None
    account_id: Id | None = None
    account_name: Line | None = None
    lead_id: Id | None = None
    contact: Contact | None = None
    need: Text | None = None
    product: Line | None = None
    opened_on: date
    quotes: tuple[Quote, ...] = ()
    notes: tuple[Id, ...] = ()
    contract_id: Id | None = None
    amount: Money | None = None
    closed_on: date | None = None
    loss_reason: Text | None = None
    origin: Origin | None = None
    imported: PastDeal | None = None


def open_from_lead(lead: LeadConverted, today: date, account_of: AccountOf) -> Decision[Opportunity]:
    """A converted lead becomes a deal of its AM, once, with everything known (L20)."""
    deal = Opportunity(
        id=derived_id("opportunity", lead.lead_id),
        title=lead.company,
        stage=Stage.PROSPECT,
        reached=up_to(Stage.PROSPECT),
        am_id=lead.am_id,
        # Two people confirm a quote (P8), so nobody is their own SE.
        se_id=lead.se_id if lead.se_id != lead.am_id else None,
        account_id=account_of(lead.company),
        account_name=lead.company,
        lead_id=lead.lead_id,
        contact=lead.contact,
        need=lead.need,
        product=lead.product_line,
        opened_on=today,
        origin=Origin.model_validate(lead.model_dump()),
    )
    return deal, (opened(deal),)


def open_for_account(
    account: Account, *, id: str, title: str, product: str | None, se: MemberChanged | None, by: str, today: date
) -> Decision[Opportunity]:
    """An AM opens a deal for a customer of their own: one customer never has two AMs (L3)."""
    if account.owner_id != by:
        raise Forbidden("not-your-account", f"{account.name} is {account.owner_id}'s customer.")
    if se is not None:
        check_se(se, by)
    deal = Opportunity(
        id=id,
        title=title,
        stage=Stage.PROSPECT,
        reached=up_to(Stage.PROSPECT),
        am_id=by,
        se_id=se.member_id if se else None,
        account_id=account.id,
        account_name=account.name,
        product=product,
        opened_on=today,
    )
    return deal, (opened(deal),)


def opened(deal: Opportunity) -> OpportunityOpened:
    """The event that tells of a new deal."""
    return OpportunityOpened(
        opportunity_id=deal.id,
        title=deal.title,
        account_id=deal.account_id,
        account_name=deal.account_name,
        lead_id=deal.lead_id,
        product=deal.product,
        am_id=deal.am_id,
        se_id=deal.se_id,
        stage=deal.stage,
        opened_on=deal.opened_on,
        historical=deal.imported is not None,
    )


def check_am(deal: Opportunity, by: str) -> None:
    """Raises Forbidden for anybody but the deal's own AM."""
    if by != deal.am_id:
        raise Forbidden("not-your-deal", f"The deal is {deal.am_id}'s; only they may do this.")


def check_open(deal: Opportunity) -> None:
    """Raises Conflict for a deal that is won or lost."""
    if deal.stage in CLOSED:
        raise Conflict("deal-closed", f"The deal is {deal.stage} and stays so.")


def check_se(se: MemberChanged, am_id: str) -> None:
    """Raises Rejected for a member who cannot be the SE of that AM's deal."""
    if not se.active or Role.SE not in se.roles:
        raise Rejected("not-an-se", f"{se.member_id} is no active SE.", pointer="/se_id")
    if se.member_id == am_id:
        raise Rejected("own-se", "The AM of a deal cannot be its SE too: two people confirm a quote.", pointer="/se_id")
