"""The published JSON Schemas, and what they promise."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dealwire.catalogue import CATALOGUE
from dealwire.catalogue.common import Channel, Contact, Money
from dealwire.catalogue.lead import LeadCaptured
from dealwire.cli.documents import read_json
from dealwire.cli.documents.schemas import schema_of
from dealwire.event import Event, schema_uri, utc_now
from dealwire.stack.binaries import ROOT

EXAMPLES = read_json(ROOT / "docs" / "examples")


@cache
def schema(event_type: str) -> dict[str, Any]:
    return schema_of(CATALOGUE[event_type])


@cache
def validator(event_type: str) -> Draft202012Validator:
    return Draft202012Validator(schema(event_type), format_checker=Draft202012Validator.FORMAT_CHECKER)


def faults(event_type: str, event: Any) -> list[str]:
    return [fault.json_path for fault in validator(event_type).iter_errors(event)]


def a_captured_lead(**changed: Any) -> dict[str, Any]:
    data = LeadCaptured(
        lead_id="1",
        company="Acme",
        contact=Contact(name="Ann"),
        channel=Channel.EXPO,
        cost=Money(minor=1, currency="CNY"),
    )
    event = Event.of(
        data, source="/lead-service/leads", subject="1", sequence=1, time=utc_now(), actor="so", correlationid="c"
    )
    return {**event.to_dict(), **changed}


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_a_schema_is_one_of_2020_12_and_is_found_under_what_its_events_call_it(event_type: str) -> None:
    Draft202012Validator.check_schema(schema(event_type))
    assert schema(event_type)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema(event_type)["$id"] == schema_uri(event_type) == EXAMPLES[event_type]["dataschema"]


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_a_golden_example_holds_to_its_schema(event_type: str) -> None:
    assert faults(event_type, EXAMPLES[event_type]) == []


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_an_event_without_one_of_its_required_fields_is_refused(event_type: str) -> None:
    example, wanted = deepcopy(EXAMPLES[event_type]), schema(event_type)
    for part, required in (
        (example, wanted["required"]),
        (example["data"], wanted["properties"]["data"]["required"]),
    ):
        for name in required:
            value = part.pop(name)
            assert faults(event_type, example), name
            part[name] = value


def test_what_a_service_sends_holds_to_the_schema() -> None:
    assert faults("lead.captured.v1", a_captured_lead()) == []


def test_fields_that_a_later_publisher_adds_are_allowed() -> None:
    event = a_captured_lead(somethingnew="x")
    event["data"]["score_hint"] = {"any": "thing"}
    event["data"]["contact"]["wechat"] = "ann"
    assert faults("lead.captured.v1", event) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("type", "lead.captured.v2"),
        ("dataschema", "urn:dealwire:event:lead.captured.v2"),
        ("specversion", "0.3"),
        ("sequence", 1),
        ("sequence", "1"),
        ("time", "yesterday"),
        ("causationid", None),
        ("data.channel", "pigeon"),
        ("data.company", ""),
        ("data.cost.minor", -1),
        ("data.cost.minor", "12.50"),
        ("data.cost.currency", "yuan"),
    ],
)
def test_what_is_not_so_is_refused(path: str, value: Any) -> None:
    event = a_captured_lead()
    *way, last = path.split(".")
    part = event
    for step in way:
        part = part[step]
    part[last] = value
    [fault] = faults("lead.captured.v1", event)
    assert f"$.{path}".startswith(fault)  # of what may be null, the fault is said of the whole


def test_a_currency_nobody_has_heard_of_is_no_reason_to_refuse_an_event() -> None:
    event = a_captured_lead()
    event["data"]["cost"]["currency"] = "QQQ"
    assert faults("lead.captured.v1", event) == []
    assert "ZWG" not in json.dumps(schema_of(LeadCaptured))
