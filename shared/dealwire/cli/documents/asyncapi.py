"""The AsyncAPI 3.0 document: who sends what, who receives it, and where on the broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from dealwire.catalogue import CATALOGUE
from dealwire.cli.documents.schemas import attributes_of, data_schemas, described, envelope_schema
from dealwire.cli.services import Service
from dealwire.event import CONTENT_TYPE, EventData
from dealwire.kit.bus import EXCHANGE, LOG, LOG_ARGUMENTS
from dealwire.kit.inbox import dlq_name, inbox_name

_INFO = """\
Dealwire's services say what happened as CloudEvents 1.0 (JSON, structured mode) on one durable topic exchange. The routing \
key is the type of the event with its version. Delivery is at least once: a subscriber knows by `id` what it has seen, and \
by `sequence` the order of a record's events (`source` and `subject`). Events change only by gaining optional fields; \
readers ignore fields they do not know.

A new subscriber binds a queue of its own to the exchange, or replays the log: a stream that takes every event, read with \
plain AMQP 0-9-1 from an offset or a time (`x-stream-offset`; a prefetch is required). See docs/subscribe/.
"""

_BINDING = {"bindingVersion": "0.3.0"}
_EXCHANGE = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False}


class _Dumper(yaml.CSafeDumper):
    """Without anchors, and with long texts as blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # as yaml calls it
        return True


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, "|" if "\n" in text else None)
)


def asyncapi_yaml(services: Sequence[Service], examples: Mapping[str, Any]) -> str:
    """The document; `examples` has an event of every type."""
    document = asyncapi(services, examples)
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def asyncapi(services: Sequence[Service], examples: Mapping[str, Any]) -> dict[str, Any]:
    """The same, as plain values."""
    names, schemas = data_schemas(CATALOGUE.values(), "#/components/schemas/")
    return {
        "asyncapi": "3.0.0",
        "id": "urn:dealwire:events",
        "info": {
            "title": "Dealwire events",
            "version": "1.0.0",
            "description": _INFO,
            "tags": [{"name": service.name} for service in services],
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": _servers(),
        "channels": {
            **{event.type: _channel(event) for event in CATALOGUE.values()},
            LOG: _log_channel(),
        },
        "operations": {
            **{
                f"{service.name}.sends.{event.type}": _sends(service, event)
                for service in services
                for event in service.publishes
            },
            **{
                f"{service.name}.receives.{event_type}": _receives(service, event_type)
                for service in services
                for event_type in sorted(service.reacts_to)
            },
        },
        "components": {
            "messages": {
                event.type: _message(event, names[event], examples[event.type]) for event in CATALOGUE.values()
            },
            "schemas": {"CloudEvent": _cloud_event(), **schemas},
            "securitySchemes": {
                "user": {"type": "userPassword", "description": "A RabbitMQ user with rights of its own."}
            },
        },
    }


def _servers() -> dict[str, Any]:
    return {
        "broker": {
            "host": "{host}",
            "protocol": "amqp",
            "protocolVersion": "0-9-1",
            "description": "RabbitMQ, 3.10 or newer.",
            "variables": {"host": {"default": "localhost:5672", "description": "Host and port of the broker."}},
            "security": [{"$ref": "#/components/securitySchemes/user"}],
        }
    }


def _channel(event: type[EventData]) -> dict[str, Any]:
    return {
        "address": event.type,
        "title": event.__name__,
        "description": described(event),
        "messages": {"event": {"$ref": f"#/components/messages/{event.type}"}},
        "tags": [{"name": event.type.partition(".")[0]}],
        "bindings": {"amqp": {"is": "routingKey", "exchange": _EXCHANGE, **_BINDING}},
    }


def _log_channel() -> dict[str, Any]:
    queue = {"name": LOG, "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": LOG,
        "title": "The log of all events",
        "description": "A RabbitMQ stream that is bound to everything and keeps it by age "
        f"({LOG_ARGUMENTS['x-max-age']}). Consume it with the argument `x-stream-offset`: `first`, `last`, `next`, an "
        "offset, or a time.",
        "messages": {event_type: {"$ref": f"#/components/messages/{event_type}"} for event_type in CATALOGUE},
        "tags": [{"name": "log"}],
        "bindings": {"amqp": {"is": "queue", "queue": queue, **_BINDING}},
        "x-arguments": LOG_ARGUMENTS,
    }


def _sends(service: Service, event: type[EventData]) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{event.type}"},
        "messages": [{"$ref": f"#/channels/{event.type}/messages/event"}],
        "tags": [{"name": service.name}],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "timestamp": True, **_BINDING}},
    }


def _receives(service: Service, event_type: str) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{event_type}"},
        "messages": [{"$ref": f"#/channels/{event_type}/messages/event"}],
        "tags": [{"name": service.name}],
        "bindings": {"amqp": {"ack": True, **_BINDING}},
        "x-queue": inbox_name(service.name),
        "x-dead-letter-queue": dlq_name(service.name),
    }


def _message(event: type[EventData], name: str, example: Any) -> dict[str, Any]:
    data = {"properties": {**attributes_of(event), "data": {"$ref": f"#/components/schemas/{name}"}}}
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": described(event),
        "contentType": CONTENT_TYPE,
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, data]},
        "bindings": {"amqp": {"messageType": event.type, **_BINDING}},
        "examples": [{"name": event.type, "payload": example}],
    }


def _cloud_event() -> dict[str, Any]:
    description = (
        "A CloudEvents 1.0 event. AMQP's `message_id` is its `id`, `type` its `type`, `app_id` its `source`, `timestamp` "
        "its `time`."
    )
    return {"title": "CloudEvent", "description": description, **envelope_schema()}
