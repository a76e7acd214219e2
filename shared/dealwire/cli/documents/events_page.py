"""docs/events.md: every event on one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dealwire.cli.documents.schemas import described
from dealwire.cli.services import Service
from dealwire.event import EventData

_HEAD = """\
# Events

What the services tell each other and everybody else. The envelope is CloudEvents 1.0; [asyncapi.yaml](asyncapi.yaml) has
exchange, queues and messages, [subscribe/](subscribe/) shows how to listen. Events of one record are numbered without gaps
(`sequence`), and come at least once. This page is generated: `make docs`.

| Event | When | Publisher | Who reacts | Schema |
| --- | --- | --- | --- | --- |
"""


def events_page(services: Sequence[Service]) -> str:
    """A row for each event, by publisher."""
    publishers: dict[type[EventData], list[str]] = {}
    for service in services:
        for event in service.publishes:
            publishers.setdefault(event, []).append(service.name)
    alone = [(event, names[0]) for event, names in publishers.items() if len(names) == 1]
    common = [(event, "every service") for event, names in publishers.items() if len(names) > 1]
    return _HEAD + "".join(f"| {' | '.join(_row(event, who, services))} |\n" for event, who in alone + common)


def _row(event: type[EventData], publisher: str, services: Sequence[Service]) -> Iterator[str]:
    yield f"`{event.type}`"
    yield described(event)
    yield publisher
    yield ", ".join(service.name for service in services if event.type in service.reacts_to) or "—"
    yield f"[schema](schemas/{event.type}.json) · [example](examples/{event.type}.json)"
