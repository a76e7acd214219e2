"""The golden examples: one event of each type, written by hand and never by a program.

They stand for what has been sent. A model that can no longer read one, or would say something else in its place, is
found out here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from dealwire.event import Event, EventData


def example_faults(model: type[EventData], example: Any) -> Iterator[str]:
    """A sentence when there is no example, or it is not what the model reads and writes."""
    if example is None:
        yield f"{model.type} has no example: write docs/examples/{model.type}.json, an event as it will be sent."
        return
    try:
        event = Event.model_validate(example)
        said = {**event.to_dict(), "data": model.model_validate(event.data).model_dump(mode="json")}
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        yield f"docs/examples/{model.type}.json is no {model.__name__}: {where}: {fault['msg']}."
    else:
        if event.type != model.type or not _is_in(example, said):
            yield f"{model.__name__} does not say what docs/examples/{model.type}.json does."


def _is_in(golden: Any, said: Any) -> bool:
    """Whether all of `golden` is said; optional fields may have been added since."""
    if isinstance(golden, dict) and isinstance(said, dict):
        return all(key in said and _is_in(each, said[key]) for key, each in golden.items())
    if isinstance(golden, list) and isinstance(said, list):
        return len(golden) == len(said) and all(map(_is_in, golden, said))
    return json.dumps(golden) == json.dumps(said)
