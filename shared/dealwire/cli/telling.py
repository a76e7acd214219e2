"""How an event is told in one line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.markup import escape

from dealwire.catalogue.common import minor_digits
from dealwire.event import Event

_COLOURS = {
    **dict.fromkeys(("lead",), "cyan"),
    **dict.fromkeys(("account", "opportunity", "quote"), "magenta"),
    **dict.fromkeys(("contract", "payment", "order"), "green"),
    **dict.fromkeys(("team", "member"), "blue"),
}
_MOST_FACTS = 5
_LONGEST = 40
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def event_line(event: Event) -> str:
    """When (of this machine's zone), what, to which record, by whom, and the first facts; in rich's markup."""
    colour = _COLOURS.get(event.type.partition(".")[0], "yellow")
    facts = escape("  ".join(list(_facts(event))[:_MOST_FACTS]))
    return (
        f"[dim]{_local(event.time)}[/]  [{colour}]{escape(event.type):<32}[/]  {escape(_short(event.subject)):<17}  "
        f"[dim]{escape(event.actor):<14}[/]  {facts}"
    )


def malformed_line(offset: int, reason: str) -> str:
    """What is said of a message that is no event."""
    return f"[red]offset {offset} holds no event: {escape(reason)}[/]"


def money(minor: int, currency: str) -> str:
    """An amount as people write it."""
    digits = minor_digits(currency)
    return f"{currency} {minor / 10**digits:,.{digits}f}"


def _facts(event: Event) -> Iterator[str]:
    """What says something to a person: no ids that only programs know."""
    for name, value in event.data.items():
        told = _told(value)
        if told and value != event.subject:
            yield f"{name.removesuffix('_id')}={told}"


def _told(value: Any) -> str:
    told = ""
    match value:
        case {"minor": int(minor), "currency": str(currency)}:
            told = money(minor, currency)
        case {"name": str(name)}:
            told = name
        case bool():
            told = "yes" if value else ""
        case int():
            told = str(value)
        case str() if _TIME.match(value):
            told = _local(datetime.fromisoformat(value))
        case str() if not _UUID.fullmatch(value):
            told = value
        case [*values] if all(isinstance(each, str) for each in values):
            told = ",".join(values)
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"


def _short(subject: str) -> str:
    return subject[:8] if _UUID.fullmatch(subject) else subject


def _local(time: datetime) -> str:
    return time.astimezone().strftime("%m-%d %H:%M:%S")
