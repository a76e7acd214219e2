"""What a RabbitMQ user may do: the least with which it can do its work.

They keep a service from announcing other services' events, from reading or deleting what is not its own, and a
subscriber from anything but reading. They are no wall between services that are hostile to each other: who may declare
queues and publish can route around a topic permission.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dealwire.cli.services import Service
from dealwire.kit.bus import EXCHANGE, LOG
from dealwire.kit.inbox import dlq_name, inbox_name, witness_name

_NOTHING = "^$"
_DEFAULT_EXCHANGE = "amq.default"


@dataclass(frozen=True, slots=True)
class Rights:
    """Regular expressions on names; `publish` and `bind` on routing keys of the exchange of all events."""

    configure: str = _NOTHING
    write: str = _NOTHING
    read: str = _NOTHING
    publish: str = _NOTHING
    bind: str = _NOTHING
    tags: str = ""


def service_rights(service: Service) -> Rights:
    """A service declares its queues, announces its own events, and reads what it reacts to, its queues and the log."""
    retry = rf"{re.escape(service.name)}\.retry\.[0-9]+s"
    queues = [re.escape(inbox_name(service.name)), re.escape(dlq_name(service.name)), retry]
    witness = re.escape(witness_name(service.name))
    return Rights(
        configure=_any([*queues, witness]),
        write=_any([re.escape(EXCHANGE), re.escape(_DEFAULT_EXCHANGE), *queues]),
        read=_any([re.escape(EXCHANGE), re.escape(LOG), *queues, witness]),
        publish=_any(re.escape(event.type) for event in service.publishes),
        bind=_any(map(re.escape, service.reacts_to)),
    )


def subscriber_rights() -> Rights:
    """Somebody outside reads the log, and nothing else."""
    return Rights(read=_any([re.escape(LOG)]))


def operator_rights(services: Iterable[Service]) -> Rights:
    """Somebody in charge looks at everything (the tag `monitoring`), reads dead letters, and puts them back."""
    dead_letters = (re.escape(dlq_name(service.name)) for service in services)
    return Rights(
        write=_any([re.escape(_DEFAULT_EXCHANGE)]), read=_any([re.escape(LOG), *dead_letters]), tags="monitoring"
    )


def _any(patterns: Iterable[str]) -> str:
    return f"^({'|'.join(sorted(patterns))})$"
