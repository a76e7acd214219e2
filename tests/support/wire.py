"""Whether what is on the wire is what the published documents say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import cache
from pathlib import Path
from typing import Any

import aio_pika
import yaml
from aio_pika.abc import AbstractIncomingMessage
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from dealwire.event import CONTENT_TYPE
from dealwire.kit.stream import read_log, settle

DOCS = Path(__file__).parents[2] / "docs"

_FIRST_SECONDS = 5.0
_QUIET_SECONDS = 1.0


async def validate_log(amqp_url: str) -> int:
    """How many events the log has, all valid. Raises AssertionError for the first that is not."""
    valid = 0
    async with aclosing(logged(amqp_url)) as messages:
        async for message in messages:
            validate_message(message)
            valid += 1
    return valid


async def logged_types(amqp_url: str) -> list[str | None]:
    """The types of what is in the log, in its order."""
    async with aclosing(logged(amqp_url)) as messages:
        return [message.type async for message in messages]


async def logged(amqp_url: str) -> AsyncGenerator[AbstractIncomingMessage, None]:
    """What is in the log: until nothing comes for a second. Raises AssertionError when the log is lost."""
    async with await aio_pika.connect(amqp_url) as connection, aclosing(read_log(connection, "first")) as messages:
        patience = _FIRST_SECONDS
        while True:
            try:
                async with asyncio.timeout(patience):
                    message = await anext(messages)
            except TimeoutError:
                return
            except StopAsyncIteration:
                raise AssertionError("the log was lost while it was read") from None
            await settle(message)
            yield message
            patience = _QUIET_SECONDS


def validate_message(message: AbstractIncomingMessage) -> None:
    """Raises AssertionError when a message differs from its JSON Schema, from the AsyncAPI document, or from its
    envelope.
    """
    event = json.loads(message.body)
    event_type = message.routing_key
    assert event_type in validators(), f"{event_type} is not published in docs/schemas"
    for document, validator in zip(("JSON Schema", "AsyncAPI"), validators()[event_type], strict=True):
        faults = [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(event)]
        assert not faults, f"{event_type} against its {document}: {faults}\n{event}"
    said = {
        "message_id": message.message_id,
        "type": message.type,
        "app_id": message.app_id,
        "content_type": message.content_type,
        "delivery_mode": message.delivery_mode,
    }
    told = {
        "message_id": event["id"],
        "type": event_type,
        "app_id": event["source"],
        "content_type": CONTENT_TYPE,
        "delivery_mode": aio_pika.DeliveryMode.PERSISTENT,
    }
    assert said == told
    assert message.timestamp, f"{event_type} has no timestamp"


@cache
def validators() -> dict[str, tuple[Validator, Validator]]:
    """By event type: of its JSON Schema, and of its message in the AsyncAPI document."""
    asyncapi: dict[str, Any] = yaml.load((DOCS / "asyncapi.yaml").read_text(), yaml.CSafeLoader)
    schemas = {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in (DOCS / "schemas").glob("*")}
    return {
        event_type: (
            _validator(schema),
            _validator({**asyncapi, "$ref": f"#/components/messages/{event_type}/payload"}),
        )
        for event_type, schema in schemas.items()
    }


def _validator(schema: dict[str, Any]) -> Validator:
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
