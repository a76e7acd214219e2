"""The AsyncAPI document against what it is made of. The parser of the AsyncAPI initiative has its say in
tests/integration/cli/test_asyncapi_parser.py.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from dealwire.catalogue import CATALOGUE, PUBLISHED
from dealwire.kit.bus import EXCHANGE, LOG
from dealwire.stack.binaries import ROOT

DOCUMENT: dict[str, Any] = yaml.load((ROOT / "docs" / "asyncapi.yaml").read_text(), yaml.CSafeLoader)


def resolved(reference: dict[str, str]) -> Any:
    node: Any = DOCUMENT
    for step in reference["$ref"].removeprefix("#/").split("/"):
        node = node[step]
    return resolved(node) if "$ref" in node else node


def test_every_event_has_a_channel_that_is_its_routing_key_on_the_exchange() -> None:
    assert DOCUMENT["channels"].keys() == {*CATALOGUE, LOG}
    for event_type in CATALOGUE:
        channel = DOCUMENT["channels"][event_type]
        assert channel["address"] == event_type
        assert channel["bindings"]["amqp"]["is"] == "routingKey"
        assert channel["bindings"]["amqp"]["exchange"]["name"] == EXCHANGE
        assert resolved(channel["messages"]["event"])["name"] == event_type


def test_the_log_is_a_channel_that_has_every_event() -> None:
    log = DOCUMENT["channels"][LOG]
    assert log["bindings"]["amqp"]["queue"]["name"] == LOG
    assert [resolved(message)["name"] for message in log["messages"].values()] == list(CATALOGUE)


def test_every_event_is_sent_by_its_publisher_and_received_by_who_reacts() -> None:
    told = {name: operation["action"] for name, operation in DOCUMENT["operations"].items()}
    for service, events in PUBLISHED.items():
        assert all(told[f"{service}.sends.{event.type}"] == "send" for event in events)
        assert told[f"{service}.sends.service.catch_up_started.v1"] == "send"
    receivers = {
        name.split(".")[0]
        for name, action in told.items()
        if action == "receive" and name.endswith("contract.signed.v1")
    }
    assert receivers == {"pipeline-service", "contract-service", "kpi-service"}
    kpi = DOCUMENT["operations"]["kpi-service.receives.contract.signed.v1"]
    assert (kpi["x-queue"], kpi["x-dead-letter-queue"]) == ("kpi-service.inbox", "kpi-service.dlq")


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_the_example_of_a_message_holds_to_its_payload(event_type: str) -> None:
    payload = {**DOCUMENT, "$ref": f"#/components/messages/{event_type}/payload"}
    [example] = DOCUMENT["components"]["messages"][event_type]["examples"]
    validator = Draft202012Validator(payload, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert list(validator.iter_errors(example["payload"])) == []
    del example["payload"]["data"]
    assert list(validator.iter_errors(example["payload"])) != []
