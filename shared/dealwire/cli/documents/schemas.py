"""The JSON Schema of an event, as it is on the wire: the CloudEvents envelope with the business data in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_extra_types.currency_code import ISO4217

from dealwire.event import Event, EventData, schema_uri

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_CURRENCIES = TypeAdapter(ISO4217).json_schema()["enum"]


class _Plain(GenerateJsonSchema):
    """Without the titles that only repeat a field's name, and without the list of today's currencies."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # as pydantic calls it
        return False

    def generate_inner(self, schema: Any) -> JsonSchemaValue:
        made = super().generate_inner(schema)
        if made.get("enum") == _CURRENCIES:  # they come and go: a reader takes one it has never heard of
            del made["enum"]
            made["pattern"] = "^[A-Z]{3}$"
        return made


def schema_of(event: type[EventData]) -> Schema:
    """The JSON Schema 2020-12 of an event; its `$id` is the `dataschema` that the event names."""
    names, definitions = data_schemas([event], "#/$defs/")
    data = definitions.pop(names[event])
    data.pop("description", None)  # is said already
    envelope = envelope_schema()
    return {
        "$schema": DIALECT,
        "$id": schema_uri(event.type),
        "title": data.pop("title"),
        "description": described(event),
        **envelope,
        "properties": envelope["properties"] | attributes_of(event) | {"data": data},
        **({"$defs": definitions} if definitions else {}),
    }


def attributes_of(event: type[EventData]) -> Schema:
    """The attributes of the envelope that tell an event from others."""
    return {"type": {"const": event.type}, "dataschema": {"const": schema_uri(event.type)}}


def envelope_schema() -> Schema:
    """What all events have in common. An attribute that is absent is left out, never null."""
    properties = Event.model_json_schema(mode="serialization", schema_generator=_Plain)["properties"]
    required = [name for name, each in properties.items() if "anyOf" not in each]
    return {"type": "object", "properties": dict(map(_present, properties.items())), "required": required}


def data_schemas(events: Iterable[type[EventData]], place: str) -> tuple[dict[type[EventData], str], Schema]:
    """Under which name the schema of each event's business data is, and all these schemas with what they refer to.

    `place` is where they will be in the document, such as `#/$defs/`. A field with a default is not required: who added
    it later did not put it into the events before.
    """
    models = [(event, "serialization") for event in events]
    references, together = models_json_schema(
        models,  # type: ignore[arg-type]  # a list of a narrower type
        ref_template=f"{place}{{model}}",
        schema_generator=_Plain,
    )
    names = {event: references[event, "serialization"]["$ref"].removeprefix(place) for event, _ in models}
    return names, together["$defs"]


def described(event: type[EventData]) -> str:
    """What the event says, as its declaration has it."""
    return " ".join((event.__doc__ or "").split())


def _present(attribute: tuple[str, Schema]) -> tuple[str, Schema]:
    name, schema = attribute
    if "anyOf" in schema:
        return name, next(each for each in schema["anyOf"] if each != {"type": "null"})
    return name, {"const": schema["default"]} if "default" in schema else schema
