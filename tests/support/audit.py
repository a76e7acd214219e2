"""The audit: whether the services' databases, the log and the queues tell one and the same story.

It answers with sentences, one for everything that does not fit.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from support.books import ACCOUNTS, CONTRACTS, DEALS, LEADS, MEMBERS, ORDERS, Books, Record, read_books
from support.place import Place

from dealwire.catalogue import contract, lead, people, pipeline
from dealwire.event import CatchUpStarted, EventData
from kpi_service.consumers import EVENTS as PROJECTED

_COUNTED: Mapping[str, type[EventData]] = {
    "leads_captured": lead.LeadCaptured,
    "leads_assigned": lead.LeadAssigned,
    "leads_accepted": lead.LeadAccepted,
    "leads_returned": lead.LeadReturned,
    "leads_converted": lead.LeadConverted,
    "opportunities_opened": pipeline.OpportunityOpened,
    "opportunities_won": pipeline.OpportunityWon,
    "opportunities_lost": pipeline.OpportunityLost,
    "deals_signed": contract.ContractSigned,
    "orders_delivered": contract.OrderDelivered,
}
"""Figures that are the number of some event."""


async def audit(place: Place, *, whole_log: bool = True, within: float = 90.0) -> Books:
    """The books, once they agree; fails with what disagrees if they do not in time."""
    begun = time.monotonic()
    while wrong := list(disagreements(books := await read_books(place), whole_log=whole_log)):
        waited = time.monotonic() - begun
        assert waited < within, "The books disagree:\n" + "\n".join(wrong[:50])
        await asyncio.sleep(min(max(0.5, waited / 10), 2))  # reading them is work that the services wait for
    return books


def disagreements(books: Books, *, whole_log: bool = True) -> Iterator[str]:
    """A sentence for everything that does not fit. `whole_log`: the log was never deleted."""
    yield from _kept(books)
    yield from _announced(books, whole_log=whole_log)
    for check in (_deals, _contracts, _withdrawals, _orders, _deadlines, _members, _facts, _figures, _queues):
        yield from check(books)


def _kept(books: Books) -> Iterator[str]:
    """Every record has an event for each of its versions, and none is pending."""
    noted: dict[Record, list[int]] = defaultdict(list)
    for event in books.history:
        noted[event.source, event.subject].append(event.sequence)
    for source, records in books.records.items():
        for id_, record in records.items():
            if record["outbox"] or "pending_since" in record:
                yield f"{source} {id_} has {len(record['outbox'])} events pending."
            elif sorted(noted[source, id_]) != _up_to(record["version"]):
                yield f"{source} {id_} is at version {record['version']}, but noted are {sorted(noted[source, id_])}."
    for source, id_ in noted:
        if id_ not in books.records[source]:
            yield f"{source} {id_} has a history, but is not there."


def _announced(books: Books, *, whole_log: bool) -> Iterator[str]:
    """The log tells of every version of every record, first of the first, and of nothing else."""
    for source, records in books.records.items():
        for id_, record in records.items():
            told, last = books.told.get((source, id_), []), record["version"]
            if told != _up_to(last)[0 if whole_log else last - len(told) :]:
                yield f"{source} {id_} is at version {last}, but the log told {told}."
    noted = {event.id: event for event in books.history}
    for event in books.log:
        if event.id not in noted and event.type != CatchUpStarted.type:
            yield f"The log tells of {event.type} of {event.source} {event.subject}, which nobody noted."
        elif event.id in noted and event != noted[event.id]:
            yield f"The log and the history tell different things of {event.type} {event.id}."


def _deals(books: Books) -> Iterator[str]:
    """Every converted lead is one deal with an account, and no deal comes from nowhere."""
    deals = Counter(deal["state"]["lead_id"] for deal in books.records[DEALS].values() if deal["state"]["lead_id"])
    converted = {event.subject for event in books.of(lead.LeadConverted)}
    for id_, record in books.records[LEADS].items():
        if (record["state"]["status"] == "converted") != (id_ in converted):
            yield f"Lead {id_} is {record['state']['status']}, which its events do not say."
    yield from _one_each("lead", converted, "deal", deals)
    for id_, deal in books.records[DEALS].items():
        account = deal["state"]["account_id"]
        if account and account not in books.records[ACCOUNTS]:
            yield f"Deal {id_} is with account {account}, which is not there."


def _contracts(books: Books) -> Iterator[str]:
    """Every accepted quote is one contract, as is every won deal of an older system."""
    drafted = [c["state"] for c in books.records[CONTRACTS].values() if not c["state"]["historical"]]
    accepted = {event.data["quote_id"] for event in books.of(pipeline.QuoteAccepted)}
    yield from _one_each("accepted quote", accepted, "contract", Counter(state["quote_id"] for state in drafted))
    past = [c["state"] for c in books.records[CONTRACTS].values() if c["state"]["historical"]]
    imported = {event.subject for event in books.of(pipeline.WonDealImported)}
    yield from _one_each("past deal", imported, "contract", Counter(state["opportunity_id"] for state in past))


def _withdrawals(books: Books) -> Iterator[str]:
    """The contract of a lost deal is withdrawn, and no other one is."""
    for id_, record in books.records[CONTRACTS].items():
        deal = books.records[DEALS].get(record["state"]["opportunity_id"])
        lost, withdrawn = deal and deal["state"]["stage"] == "lost", record["state"]["status"] == "withdrawn"
        if deal and lost != withdrawn:
            yield f"Contract {id_} is {record['state']['status']}, but its deal is {deal['state']['stage']}."


def _orders(books: Books) -> Iterator[str]:
    """Every signed contract has won its deal, for its amount, and is one order, unless it is history."""
    signed = {id_: c["state"] for id_, c in books.records[CONTRACTS].items() if c["state"]["status"] == "signed"}
    handed_over = {id_ for id_, state in signed.items() if not state["historical"]}
    orders = Counter(order["state"]["contract_id"] for order in books.records[ORDERS].values())
    yield from _one_each("signed contract", handed_over, "order", orders)
    won = {id_: deal["state"] for id_, deal in books.records[DEALS].items() if deal["state"]["stage"] == "won"}
    for id_, state in signed.items():
        deal = won.pop(state["opportunity_id"], None)
        if deal is None or (deal["contract_id"], deal["amount"]) != (id_, state["amount"]):
            yield f"Contract {id_} is signed, but its deal {state['opportunity_id']} is not won by it: {deal}."
    for id_ in won:
        yield f"Deal {id_} is won without a signed contract."


def _deadlines(books: Books) -> Iterator[str]:
    """A lead returns once from each assignment, an order escalates once; and nothing is overdue."""
    returns: Counter[str] = Counter()
    for event in sorted(books.history, key=lambda event: event.sequence):
        if event.type == lead.LeadAssigned.type:
            returns[event.subject] = 0
        if event.type == lead.LeadReturned.type:
            returns[event.subject] += 1
            if returns[event.subject] > 1:
                yield f"Lead {event.subject} returned twice from one assignment."
    for order, times in Counter(event.subject for event in books.of(contract.OrderEscalated)).items():
        if times > 1 or not books.records[ORDERS][order]["state"]["escalated"]:
            yield f"Order {order} escalated {times} times."
    for source, records in books.records.items():
        for id_, record in records.items():
            if "next_due" in record and record["next_due"] < datetime.now(UTC):
                yield f"{source} {id_} is overdue since {record['next_due']}."


def _members(books: Books) -> Iterator[str]:
    """Who keeps a replica of the members keeps the newest."""
    newest = {
        event.subject: event for event in sorted(books.history, key=lambda e: e.sequence) if event.source == MEMBERS
    }
    right = {id_: people.MemberChanged.model_validate(event.data) for id_, event in newest.items()}
    for service, replica in books.replicas.items():
        known = {id_: people.MemberChanged.model_validate(document["data"]) for id_, document in replica.items()}
        for id_ in known.keys() | right.keys():
            if known.get(id_) != right.get(id_):
                yield f"{service} keeps {known.get(id_)} of member {id_}, who is {right.get(id_)}."


def _facts(books: Books) -> Iterator[str]:
    """Every event that is projected is one fact."""
    projected = {event.type for event in PROJECTED}
    events = {event.id: event for event in books.history if event.type in projected}
    for id_ in events.keys() - books.facts.keys():
        yield f"kpi-service has no fact of {events[id_].type} {id_}."
    for id_ in books.facts.keys() - events.keys():
        yield f"kpi-service has a fact of {id_}, which nobody noted."


def _figures(books: Books) -> Iterator[str]:
    """The figures are the numbers and sums of what happened."""
    right, known = _added_up(books), _projected(books)
    for who, name in sorted(known.keys() | right.keys()):
        if known[who, name] != right[who, name]:
            yield f"kpi-service counts {known[who, name]} {name} for {who}; it is {right[who, name]}."
    customers = {event.data["account_id"] for event in books.of(contract.ContractSigned)} - {None}
    new = {once.removeprefix("customer/") for once in books.firsts if once.startswith("customer/")}
    if new != customers:
        yield f"kpi-service knows {len(new)} new customers; it is {len(customers)}."


def _added_up(books: Books) -> Counter[tuple[str, str]]:
    """What each AM's figures have to be, by other means than those of kpi-service."""
    right: Counter[tuple[str, str]] = Counter()
    for figure, event_type in _COUNTED.items():
        for event in books.of(event_type):
            right[str(event.data.get("am_id")), f"{figure} -"] += 1
    for event in books.of(pipeline.OpportunityLossRevoked):
        right[str(event.data["am_id"]), "opportunities_lost -"] -= 1
    for _ in books.of(lead.LeadWithdrawn):
        right[str(None), "leads_captured -"] -= 1
    for record in books.records[CONTRACTS].values():
        state = record["state"]
        if state["status"] == "signed":
            right[state["am_id"], f"sales_amount {state['amount']['currency']}"] += state["amount"]["minor"]
        for receipt in state["receipts"]:
            right[state["am_id"], f"received {receipt['amount']['currency']}"] += receipt["amount"]["minor"]
    return right


def _projected(books: Books) -> Counter[tuple[str, str]]:
    known: Counter[tuple[str, str]] = Counter()
    for day in books.daily:
        for name, cell in day["cells"].items():
            if name.split()[0] in {*_COUNTED, "sales_amount", "received"}:
                known[str(day["member_id"]), name] += cell["total"]
    return known


def _queues(books: Books) -> Iterator[str]:
    """Nothing waits, and nothing was given up."""
    for queue, messages in books.waiting.items():
        if messages:
            yield f"{queue} holds {messages} messages."


def _one_each(kind: str, wanted: Iterable[str], made: str, found: Counter[str]) -> Iterator[str]:
    for id_ in {*wanted, *found}:
        expected = 1 if id_ in wanted else 0
        if found[id_] != expected:
            yield f"{kind.capitalize()} {id_} has {found[id_]} {made}s instead of {expected}."


def _up_to(version: int) -> list[int]:
    return list(range(1, version + 1))
