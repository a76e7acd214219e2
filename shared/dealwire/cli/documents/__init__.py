"""The documents generated from the code, and what keeps them honest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dealwire.catalogue import CATALOGUE
from dealwire.cli.documents.asyncapi import asyncapi_yaml
from dealwire.cli.documents.compatibility import breaks
from dealwire.cli.documents.events_page import events_page
from dealwire.cli.documents.examples import example_faults
from dealwire.cli.documents.schemas import schema_of
from dealwire.cli.services import services

GENERATED = ("asyncapi.yaml", "events.md", "openapi/*.json", "schemas/*.json")


def objections(folder: Path) -> Iterator[str]:
    """What speaks against generating: broken promises to subscribers, examples that are missing or do not hold."""
    for event_type, published in read_json(folder / "schemas").items():
        model = CATALOGUE.get(event_type)
        yield from breaks(event_type, published, schema_of(model) if model else None)
    examples = read_json(folder / "examples")
    for event_type, model in CATALOGUE.items():
        yield from example_faults(model, examples.get(event_type))
    for event_type in examples.keys() - CATALOGUE.keys():
        yield f"docs/examples/{event_type}.json is an example of no event there is."


def documents(folder: Path) -> dict[str, str]:
    """Every generated document by its path below `docs/`."""
    examples = read_json(folder / "examples")
    return {
        "asyncapi.yaml": asyncapi_yaml(services(), examples),
        "events.md": events_page(services()),
        **{f"openapi/{service.name}.json": _json(service.app.openapi()) for service in services()},
        **{f"schemas/{event.type}.json": _json(schema_of(event)) for event in CATALOGUE.values()},
    }


def read_json(folder: Path) -> dict[str, Any]:
    """The documents in a folder by their names without `.json`."""
    return {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
