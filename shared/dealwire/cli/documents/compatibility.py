"""Whether a published schema has only gained optional fields, which is all that it may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dealwire.cli.documents.schemas import Schema

_SAYS_NOTHING = {"$id", "$schema", "$defs", "title", "description", "examples"}
_FIELDS = {"properties", "required"}


def breaks(event_type: str, before: Schema, now: Schema | None) -> Iterator[str]:
    """A sentence for each way in which a reader of the schema `before` could not read what is sent `now`."""
    if now is None:
        yield (
            f"{event_type} is published and no longer in the catalogue. Declare it again, or delete its schema when "
            "nobody reads it any more."
        )
        return
    for where, what in _differences(_resolved(before), _resolved(now), ""):
        yield f"{event_type} is published, and {where or 'it'} {what}. Declare a new version of the event instead."


def _differences(before: Any, now: Any, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(before, dict) or not isinstance(now, dict):
        if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
            for old, new in zip(before, now, strict=True):
                yield from _differences(old, new, where)
        elif before != now:
            yield where, f"says {now!r} in place of {before!r}"
        return
    yield from _differences_of_fields(before, now, where)
    for key in sorted((before.keys() | now.keys()) - _FIELDS):
        if key not in before or key not in now:
            yield where, f"has {'lost' if key in before else 'gained'} the rule {key!r}"
        else:
            yield from _differences(before[key], now[key], f"{where}/*" if key == "items" else where)


def _differences_of_fields(before: Schema, now: Schema, where: str) -> Iterator[tuple[str, str]]:
    fields, fields_now = before.get("properties", {}), now.get("properties", {})
    required, required_now = set(before.get("required", ())), set(now.get("required", ()))
    for name in fields:
        if name not in fields_now:
            yield f"{where}/{name}", "is gone"
        else:
            yield from _differences(fields[name], fields_now[name], f"{where}/{name}")
    for name in sorted(required_now - required):
        yield f"{where}/{name}", "is required now"
    for name in sorted((required - required_now) & fields_now.keys()):
        yield f"{where}/{name}", "is no longer required"


def _resolved(schema: Schema) -> Any:
    """The schema with its definitions in place, and without what says nothing to a program."""
    definitions = schema.get("$defs", {})

    def resolve(node: Any) -> Any:
        if isinstance(node, list):
            return [resolve(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            node = {**definitions[node["$ref"].removeprefix("#/$defs/")], **node}
        if "enum" in node:
            node = {**node, "enum": sorted(node["enum"])}
        fields = {name: resolve(each) for name, each in node.get("properties", {}).items()}
        rest = {key: resolve(each) for key, each in node.items() if key not in {*_SAYS_NOTHING, "$ref", "properties"}}
        return rest | ({"properties": fields} if fields else {})

    return resolve(schema)
