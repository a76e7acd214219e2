"""What campaigns cost, and what came of channels and campaigns (L2)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from pydantic import BaseModel, ConfigDict

from dealwire.catalogue.common import Channel, Grade, Money
from dealwire.catalogue.sources import CampaignSpendRecorded
from dealwire.errors import Conflict
from dealwire.event import Decision, derived_id
from lead_service.domain.lead import Status

_MOST_ENTRIES = 1000
QUALIFIED = (Grade.A, Grade.B)


class Spend(BaseModel):
    """Money spent on a day."""

    model_config = ConfigDict(frozen=True)

    day: date
    amount: Money
    what_for: str | None = None


class Campaign(BaseModel):
    """The state of a campaign's costs: a campaign is known by its channel and its name."""

    model_config = ConfigDict(frozen=True)

    id: str
    channel: Channel
    name: str
    spend: tuple[Spend, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """So many leads of one source that are alike, and what they cost together, in minor units.

    A cost without leads is that of captures linked to a lead, and of leads merged into another.
    """

    channel: Channel
    campaign: str | None
    currency: str | None
    leads: int
    minor: int
    grade: Grade | None = None
    status: Status | None = None


@dataclass
class Figures:
    """What came of a source within a period; `cost` is in minor units by currency."""

    channel: Channel
    campaign: str | None
    leads: int = 0
    grades: Counter[Grade] = field(default_factory=Counter)
    discarded: int = 0
    converted: int = 0
    cost: Counter[str] = field(default_factory=Counter)

    @property
    def qualified(self) -> int:
        """Leads with a need of their own: C, a latent need, is none (L8)."""
        return sum(self.grades[grade] for grade in QUALIFIED)


def campaign_id(channel: Channel, name: str) -> str:
    """The same campaign has the same id."""
    return derived_id("campaign", channel, name)


def record_spend(known: Campaign | None, channel: Channel, name: str, spend: Spend) -> Decision[Campaign]:
    """What a campaign cost as a whole is recorded by day, and counts for its leads together (L2)."""
    campaign = known or Campaign(id=campaign_id(channel, name), channel=channel, name=name)
    if len(campaign.spend) >= _MOST_ENTRIES:
        raise Conflict("campaign-full", f"A campaign has at most {_MOST_ENTRIES} entries.")
    event = CampaignSpendRecorded(campaign_id=campaign.id, channel=channel, campaign=name, **spend.model_dump())
    return campaign.model_copy(update={"spend": (*campaign.spend, spend)}), (event,)


def report(
    counts: Iterable[Count], campaigns: Iterable[Campaign], first: date, last: date, *, by_campaign: bool
) -> list[Figures]:
    """By channel, or by campaign of each channel: volume, grades, what was discarded and converted, and cost (L2).

    The cost of leads counts with the leads, that of linked captures and of campaigns on its day; a lead merged into
    another is none any more, but cost what it cost. Amounts of two currencies are never added.
    """
    found: dict[tuple[Channel, str | None], Figures] = {}

    def of(channel: Channel, campaign: str | None) -> Figures:
        source = channel, campaign if by_campaign else None
        return found.setdefault(source, Figures(*source))

    for count in counts:
        if not count.leads and not count.currency:
            continue
        figures = of(count.channel, count.campaign)
        figures.leads += count.leads
        if count.grade:
            figures.grades[count.grade] += count.leads
        figures.discarded += count.leads if count.status is Status.DISCARDED else 0
        figures.converted += count.leads if count.status is Status.CONVERTED else 0
        if count.currency:
            figures.cost[count.currency] += count.minor
    for campaign in campaigns:
        spent: dict[str, int] = defaultdict(int)
        for each in campaign.spend:
            if first <= each.day <= last:
                spent[str(each.amount.currency)] += each.amount.minor
        if spent:
            of(campaign.channel, campaign.name).cost.update(spent)
    return sorted(found.values(), key=lambda each: (-each.leads, each.channel, each.campaign or ""))
