"""A quote on its way to the customer: drafted, confirmed by two, sent, accepted (P8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dealwire.catalogue.common import QuoteLine, Stage
from dealwire.catalogue.pipeline import QuoteAccepted, QuoteConfirmed, QuoteDrafted, QuoteSent
from dealwire.errors import Conflict, Forbidden, NotFound, Rejected
from dealwire.event import Decision
from pipeline_service.domain.opportunity import Opportunity, check_am, check_open
from pipeline_service.domain.policy import Policy
from pipeline_service.domain.progress import enter
from pipeline_service.domain.quote import Quote, QuoteStatus, total

QUOTING = (Stage.QUOTE, Stage.NEGOTIATION)


def draft_quote(
    deal: Opportunity, quote_id: str, lines: Sequence[QuoteLine], by: str, policy: Policy
) -> Decision[Opportunity]:
    """The AM writes a quote; one that was not accepted yet is superseded by it."""
    check_am(deal, by)
    if any(known.id == quote_id for known in deal.quotes):
        return deal, ()
    _check_quoting(deal)
    if deal.se_id is None:
        raise Conflict("no-se", "The deal has no SE. Assign one first: a quote is confirmed by both AM and SE.")
    if len(deal.quotes) >= policy.quotes_per_deal:
        raise Conflict("too-many-quotes", f"A deal has at most {policy.quotes_per_deal} quotes.")
    if len(lines) > policy.lines_per_quote:
        raise Rejected("too-many-lines", f"A quote has at most {policy.lines_per_quote} lines.", pointer="/lines")
    quote = Quote(id=quote_id, lines=tuple(lines), total=total(lines))
    superseded = (old.model_copy(update={"status": QuoteStatus.SUPERSEDED}) for old in deal.quotes)
    drafted = QuoteDrafted(opportunity_id=deal.id, quote_id=quote.id, lines=quote.lines, total=quote.total)
    return deal.model_copy(update={"quotes": (*superseded, quote)}), (drafted,)


def confirm_quote(deal: Opportunity, quote_id: str, by: str) -> Decision[Opportunity]:
    """The AM or the SE of the deal stands for the quote (P8). Nobody else can, a team lead neither."""
    quote = find_quote(deal, quote_id)
    if by not in {deal.am_id, deal.se_id}:
        raise Forbidden("not-your-deal", "Only the AM and the SE of the deal confirm its quotes.")
    as_am = by == deal.am_id
    confirmed_by = "confirmed_by_am" if as_am else "confirmed_by_se"
    if getattr(quote, confirmed_by) == by:
        return deal, ()
    check_open(deal)
    _check_status(quote, QuoteStatus.DRAFT, "be confirmed")
    confirmed = QuoteConfirmed(opportunity_id=deal.id, quote_id=quote.id, confirmed_as="am" if as_am else "se", by=by)
    return _replace(deal, quote.model_copy(update={confirmed_by: by})), (confirmed,)


def send_quote(deal: Opportunity, quote_id: str, by: str) -> Decision[Opportunity]:
    """The AM sends a quote that both AM and SE confirmed (P8)."""
    check_am(deal, by)
    quote = find_quote(deal, quote_id)
    if quote.status is QuoteStatus.SENT:
        return deal, ()
    _check_quoting(deal)
    _check_status(quote, QuoteStatus.DRAFT, "be sent")
    signatures = ((deal.am_id, quote.confirmed_by_am), (deal.se_id, quote.confirmed_by_se))
    missing = [who for who, confirmed in signatures if confirmed != who]
    if missing:
        raise Conflict(
            "quote-not-confirmed", f"The quote still needs the confirmation of {' and '.join(map(str, missing))}."
        )
    sent = QuoteSent(opportunity_id=deal.id, quote_id=quote.id, am_id=deal.am_id, total=quote.total)
    return _replace(deal, quote.model_copy(update={"status": QuoteStatus.SENT})), (sent,)


def accept_quote(deal: Opportunity, quote_id: str, by: str, now: datetime) -> Decision[Opportunity]:
    """The customer accepted a quote that was sent, the AM records it; the deal enters stage contract."""
    check_am(deal, by)
    quote = find_quote(deal, quote_id)
    if quote.status is QuoteStatus.ACCEPTED:
        return deal, ()
    _check_quoting(deal)
    _check_status(quote, QuoteStatus.SENT, "be accepted")
    accepted = QuoteAccepted(
        opportunity_id=deal.id,
        quote_id=quote.id,
        account_id=deal.account_id,
        account_name=deal.account_name,
        am_id=deal.am_id,
        se_id=deal.se_id,
        lines=quote.lines,
        total=quote.total,
        opened_on=deal.opened_on,
        accepted_at=now,
    )
    entered, changed = enter(_replace(deal, quote.model_copy(update={"status": QuoteStatus.ACCEPTED})), Stage.CONTRACT)
    return entered, (accepted, changed)


def find_quote(deal: Opportunity, quote_id: str) -> Quote:
    """The deal's quote of that id."""
    for quote in deal.quotes:
        if quote.id == quote_id:
            return quote
    raise NotFound("quote-not-found", f"The deal has no quote {quote_id}.")


def _check_quoting(deal: Opportunity) -> None:
    check_open(deal)
    if deal.stage not in QUOTING:
        raise Conflict("not-quoting", f"A deal is quoted in {' or '.join(QUOTING)}; this one is in {deal.stage}.")


def _check_status(quote: Quote, needed: QuoteStatus, to_be: str) -> None:
    if quote.status is not needed:
        raise Conflict("quote-status", f"Only a quote in status {needed} can {to_be}; this one is {quote.status}.")


def _replace(deal: Opportunity, quote: Quote) -> Opportunity:
    return deal.model_copy(update={"quotes": tuple(quote if old.id == quote.id else old for old in deal.quotes)})
