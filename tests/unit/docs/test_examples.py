"""The golden examples stand for what has been sent: a model that no longer fits them is found out."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from dealwire.catalogue import CATALOGUE
from dealwire.catalogue.common import Money
from dealwire.catalogue.lead import LeadDiscarded
from dealwire.cli.documents import read_json
from dealwire.cli.documents.examples import example_faults
from dealwire.event import EventData
from dealwire.stack.binaries import ROOT

EXAMPLES = read_json(ROOT / "docs" / "examples")
DISCARDED = EXAMPLES["lead.discarded.v1"]


class Discarded(EventData):
    type: ClassVar[str] = "lead.discarded.v1"
    lead_id: str
    reason: str


def test_every_event_has_one_and_nothing_else_does() -> None:
    assert EXAMPLES.keys() == CATALOGUE.keys()


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_an_example_is_what_its_model_reads_and_writes(event_type: str) -> None:
    assert list(example_faults(CATALOGUE[event_type], EXAMPLES[event_type])) == []


def test_a_missing_example_is_asked_for() -> None:
    assert list(example_faults(LeadDiscarded, None)) == [
        "lead.discarded.v1 has no example: write docs/examples/lead.discarded.v1.json, an event as it will be sent."
    ]


def test_an_optional_field_added_since_is_no_fault() -> None:
    class Changed(Discarded):
        again: bool = False

    assert list(example_faults(Changed, DISCARDED)) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": int},
        {"reason": Money},
        {"by": str},
    ],
)
def test_a_model_that_cannot_read_it_any_more_is_found_out(fields: dict[str, type]) -> None:
    changed = type("Changed", (Discarded,), {"__annotations__": fields})
    assert len(list(example_faults(changed, DISCARDED))) == 1


def test_a_model_that_forgets_a_field_is_found_out() -> None:
    class Changed(EventData):
        type: ClassVar[str] = "lead.discarded.v1"
        lead_id: str

    assert list(example_faults(Changed, DISCARDED)) == [
        "Changed does not say what docs/examples/lead.discarded.v1.json does."
    ]


@pytest.mark.parametrize("changed", [{"type": "lead.returned.v1"}, {"sequence": 2}, {"time": "2026-03-03"}])
def test_an_envelope_that_is_none_is_found_out(changed: dict[str, Any]) -> None:
    assert len(list(example_faults(LeadDiscarded, {**DISCARDED, **changed}))) == 1
