"""Books that were tampered with, and what the audit must say to that."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from support.books import CONTRACTS, DEALS, LEADS, MEMBERS, ORDERS, Books

from dealwire.catalogue import contract, lead
from dealwire.event import Event, EventData


def _first(books: Books, event: type[EventData]) -> Event:
    return books.of(event)[0]


def _without(events: list[Event], unwanted: Event) -> list[Event]:
    return [event for event in events if event.id != unwanted.id]


def _lose_on_the_wire(books: Books) -> None:
    books.log = _without(books.log, _first(books, contract.ContractSigned))


def _swap_on_the_wire(books: Books) -> None:
    captured = next(n for n, event in enumerate(books.log) if event.type == lead.LeadCaptured.type)
    lead_id = books.log[captured].subject
    linked = next(n for n, event in enumerate(books.log) if event.subject == lead_id and event.sequence == 2)
    books.log[captured], books.log[linked] = books.log[linked], books.log[captured]


def _tell_what_nobody_did(books: Books) -> None:
    books.log.append(_first(books, lead.LeadCaptured).model_copy(update={"id": "x", "subject": "somebody"}))


def _tell_otherwise(books: Books) -> None:
    event = _first(books, contract.ContractSigned)
    books.log.append(event.model_copy(update={"data": {**event.data, "am_id": "somebody"}}))


def _leave_pending(books: Books) -> None:
    next(iter(books.records[ORDERS].values()))["outbox"] = [{}]


def _forget_in_the_history(books: Books) -> None:
    books.history = _without(books.history, _first(books, lead.LeadConverted))


def _open_twice(books: Books) -> None:
    deals = books.records[DEALS]
    deals["again"] = next(iter(deals.values()))


def _drop(source: str) -> Callable[[Books], None]:
    def drop(books: Books) -> None:
        books.records[source].popitem()

    return drop


def _sign_for_more(books: Books) -> None:
    next(iter(books.records[CONTRACTS].values()))["state"]["amount"]["minor"] += 1


def _return_twice(books: Books) -> None:
    assigned = _first(books, lead.LeadAssigned)
    books.history += 2 * [assigned.model_copy(update={"type": lead.LeadReturned.type, "sequence": 90})]


def _escalate_twice(books: Books) -> None:
    handed_over = _first(books, contract.OrderHandedOver)
    books.history += 2 * [handed_over.model_copy(update={"type": contract.OrderEscalated.type, "sequence": 90})]


def _forget_a_change(books: Books) -> None:
    next(iter(books.replicas["lead-service"].values()))["data"]["active"] = False


def _forget_a_member(books: Books) -> None:
    books.replicas["pipeline-service"].popitem()


def _forget_a_fact(books: Books) -> None:
    books.facts.popitem()


def _count_twice(books: Books) -> None:
    cells = next(day["cells"] for day in books.daily if "sales_amount CNY" in day["cells"])
    cells["sales_amount CNY"]["total"] += 100_000_00


def _know_a_stranger(books: Books) -> None:
    books.firsts["customer/somebody"] = {}


def _give_up(books: Books) -> None:
    books.waiting["kpi-service.dlq"] = 1


TAMPERINGS: Mapping[str, tuple[Callable[[Books], None], str]] = {
    "a lost message": (_lose_on_the_wire, "but the log told"),
    "a message too early": (_swap_on_the_wire, r"but the log told \[2, 1"),
    "a false message": (_tell_what_nobody_did, "which nobody noted"),
    "a garbled message": (_tell_otherwise, "tell different things of contract.signed"),
    "an event that never went out": (_leave_pending, "events pending"),
    "a gap in the history": (_forget_in_the_history, "but noted are"),
    "a lead handed over twice": (_open_twice, "has 2 deals instead of 1"),
    "no deal": (_drop(DEALS), "has 0 deals instead of 1"),
    "no contract": (_drop(CONTRACTS), "has 0 contracts instead of 1"),
    "no order": (_drop(ORDERS), "has 0 orders instead of 1"),
    "no lead": (_drop(LEADS), "leads .* is not there"),
    "no member": (_drop(MEMBERS), "members .* is not there"),
    "another amount": (_sign_for_more, "is not won by it"),
    "a deadline that fired twice": (_return_twice, "returned twice from one assignment"),
    "another that did": (_escalate_twice, "escalated 2 times"),
    "an old replica": (_forget_a_change, "lead-service keeps"),
    "a replica with a hole": (_forget_a_member, "pipeline-service keeps None"),
    "a missing fact": (_forget_a_fact, "has no fact of"),
    "a sale counted twice": (_count_twice, "counts .* sales_amount CNY"),
    "a customer out of nowhere": (_know_a_stranger, "new customers"),
    "a dead letter": (_give_up, "kpi-service.dlq holds 1 messages"),
}
