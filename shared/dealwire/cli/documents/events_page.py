"""docs/events.md: every event on one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dealwire.catalogue.notifications import NOTIFICATIONS, Notification
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


_NOTIFICATIONS = """
## Notifications

Nothing else is sent to notify somebody: these events say who, what and which lead, and whoever sends mails or messages
subscribes to them. Ids are those of members; `member.changed.v1` has their names.

| Kind | Event | Whom |
| --- | --- | --- |
"""


def events_page(services: Sequence[Service]) -> str:
    """A row for each event, by publisher; and one for each notification."""
    publishers: dict[type[EventData], list[str]] = {}
    for service in services:
        for event in service.publishes:
            publishers.setdefault(event, []).append(service.name)
    alone = [(event, names[0]) for event, names in publishers.items() if len(names) == 1]
    common = [(event, "every service") for event, names in publishers.items() if len(names) > 1]
    rows = "".join(f"| {' | '.join(_row(event, who, services))} |\n" for event, who in alone + common)
    told = "".join(f"| {each.kind} | `{each.event.type}` | {_whom(each)} |\n" for each in NOTIFICATIONS)
    return _HEAD + rows + _NOTIFICATIONS + told


def _whom(notification: Notification) -> str:
    if notification.to is None:
        return "sales operations"
    return f"`{notification.to}`, or sales operations" if notification.or_sales_ops else f"`{notification.to}`"


def _row(event: type[EventData], publisher: str, services: Sequence[Service]) -> Iterator[str]:
    yield f"`{event.type}`"
    yield described(event)
    yield publisher
    yield ", ".join(service.name for service in services if event.type in service.reacts_to) or "—"
    yield f"[schema](schemas/{event.type}.json) · [example](examples/{event.type}.json)"
