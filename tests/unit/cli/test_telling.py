"""An event in a line."""

from __future__ import annotations

import re

import pytest
from rich.text import Text

from dealwire.catalogue import CATALOGUE
from dealwire.cli.documents import read_json
from dealwire.cli.telling import event_line, money
from dealwire.event import Event
from dealwire.stack.binaries import ROOT

EXAMPLES = {name: Event.model_validate(each) for name, each in read_json(ROOT / "docs" / "examples").items()}


def line(event: Event) -> str:
    return Text.from_markup(event_line(event)).plain


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_every_event_has_a_line_with_type_and_actor_and_without_ids_in_its_facts(event_type: str) -> None:
    event = EXAMPLES[event_type]
    told = line(event)
    assert "\n" not in told
    assert event_type in told
    assert event.actor in told
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", told)


def test_the_facts_that_matter_are_there() -> None:
    assert "account_name=苏州明川医疗科技有限公司  am=am.li  se=se.wang  amount=CNY 1,000,000.00" in line(
        EXAMPLES["contract.signed.v1"]
    )


def test_what_somebody_typed_is_no_markup() -> None:
    event = EXAMPLES["lead.discarded.v1"]
    changed = event.model_copy(update={"data": {**event.data, "reason": "[bold red]no[/]"}, "actor": "[link=x]me"})
    assert "reason=[bold red]no[/]" in line(changed)
    assert "[link=x]me" in line(changed)


@pytest.mark.parametrize(
    ("minor", "currency", "told"),
    [
        (123_456, "CNY", "CNY 1,234.56"),
        (123_456, "JPY", "JPY 123,456"),
        (123_456, "KWD", "KWD 123.456"),
        (0, "USD", "USD 0.00"),
    ],
)
def test_money_is_told_as_people_write_it(minor: int, currency: str, told: str) -> None:
    assert money(minor, currency) == told
