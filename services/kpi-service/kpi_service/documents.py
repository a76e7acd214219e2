"""How facts and roll-ups are written down. Days are ISO strings, which compare as days do."""

from __future__ import annotations

from datetime import date
from typing import Any

from dealwire.event import Event
from kpi_service.domain.facts import Contribution, Fact
from kpi_service.domain.metrics import Metric
from kpi_service.domain.rollups import Cell, First, Key

Document = dict[str, Any]

_METRICS = frozenset(Metric)


def fact_document(fact: Fact, event: Event) -> Document:
    return {
        "_id": fact.event_id,
        "day": fact.day.isoformat(),
        "time": fact.time,
        "member_id": fact.member_id,
        "contributions": [
            {name: value for name, value in contribution._asdict().items() if value is not None}
            for contribution in fact.contributions
        ],
        "event": event.model_dump(mode="json"),
    }


def fact_of_document(document: Document) -> Fact:
    """The fact as it was read; a contribution to a metric that is no more is passed over."""
    return Fact(
        document["_id"],
        date.fromisoformat(document["day"]),
        document["time"],
        document["member_id"],
        tuple(
            Contribution(**contribution | {"metric": Metric(contribution["metric"])})
            for contribution in document["contributions"]
            if contribution["metric"] in _METRICS
        ),
    )


def cell_document(key: Key, cell: Cell) -> Document:
    return {"_id": cell_id(key), **key_document(key), **cell._asdict()}


def cell_id(key: Key) -> str:
    """One string per key: no part has a blank in it."""
    return " ".join((key.day.isoformat(), key.metric, key.currency or "-", key.member_id or "-"))


def key_document(key: Key) -> Document:
    return key._asdict() | {"day": key.day.isoformat()}


def first_document(once: str, first: First) -> Document:
    """The order of the fields is that of comparing: MongoDB compares documents field by field."""
    return {"_id": once, "first": first._asdict() | {"day": first.day.isoformat()}}
