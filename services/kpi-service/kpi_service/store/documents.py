"""How facts and roll-ups are written down. Days are ISO strings, which compare as days do."""

from __future__ import annotations

from datetime import date
from typing import Any

from dealwire.event import Event
from kpi_service.domain.facts import Contribution, Fact
from kpi_service.domain.metrics import Metric
from kpi_service.domain.rollups import RollUps

Document = dict[str, Any]

_METRICS = frozenset(Metric)
_BLANK, _NONE = " ", "-"  # no id, metric or currency has a blank or is a dash


def fact_document(fact: Fact, event: Event) -> Document:
    return {
        "_id": fact.event_id,
        "day": fact.day.isoformat(),
        "time": fact.time,
        "member_id": fact.member_id,
        "contributions": [_contribution(each) for each in fact.contributions],
        "event": {**vars(event), "time": event.time.isoformat()},  # plain values, as they came; data is JSON
    }


def _contribution(contribution: Contribution) -> Document:
    metric, value, currency, once = contribution
    document: Document = {"metric": metric, "value": value}
    if currency is not None:
        document["currency"] = currency
    if once is not None:
        document["once"] = once
    return document


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


def daily_documents(rolled: RollUps) -> dict[str, Document]:
    """The cells of a member's day are one document."""
    documents: dict[str, Document] = {}
    for key, cell in rolled.cells.items():
        each, day = daily_id(key.day, key.member_id), key.day.isoformat()
        document = documents.setdefault(each, {"_id": each, "day": day, "member_id": key.member_id, "cells": {}})
        document["cells"][cell_name(key.metric, key.currency)] = {"total": cell.total, "facts": cell.facts}
    return documents


def daily_id(day: date, member_id: str | None) -> str:
    return _join(day.isoformat(), member_id)


def cell_name(metric: Metric, currency: str | None) -> str:
    return _join(metric, currency)


def cell_of_name(name: str) -> tuple[Metric, str | None] | None:
    """Metric and currency of a cell; `None` for a metric that is no more."""
    metric, currency = name.split(_BLANK)
    return (Metric(metric), None if currency == _NONE else currency) if metric in _METRICS else None


def first_documents(rolled: RollUps) -> dict[str, Document]:
    """The order of the fields is that of comparing: MongoDB compares documents field by field."""
    return {
        once: {"_id": once, "first": first._asdict() | {"day": first.day.isoformat()}}
        for once, first in rolled.firsts.items()
    }


def _join(first: str, second: str | None) -> str:
    return first + _BLANK + (second or _NONE)
