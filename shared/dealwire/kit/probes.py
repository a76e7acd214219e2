"""What `/readyz` looks at: the database, without which nothing works, and the broker, without which work waits."""

from __future__ import annotations

from dealwire.errors import Unavailable
from dealwire.kit.bus import Bus
from dealwire.kit.inbox import Inbox
from dealwire.kit.store import Database
from dealwire.kit.web.health import Probe, Probes


def probes(database: Database, bus: Bus, inbox: Inbox) -> Probes:
    """The probes of a service with one database and one inbox."""

    async def mongo() -> Probe:
        try:
            await database.ensure_indexes()
            await database.ping()
        except Unavailable as error:
            return Probe(ok=False, detail=error.detail)
        return Probe(ok=True)

    async def broker() -> Probe:
        return Probe(ok=bus.connected, detail=bus.fault or "", critical=False)

    async def consumer() -> Probe:
        detail = "" if inbox.consuming else f"{inbox.service} does not consume its inbox yet, or is catching up"
        return Probe(ok=inbox.consuming, detail=detail, critical=False)

    return {"mongo": mongo, "broker": broker, "consumer": consumer}
