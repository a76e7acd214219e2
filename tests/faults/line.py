"""Services with servers of their own, which are stopped and killed, and a line to the broker that can be cut."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from faults.conftest import Tell
from faults.world import World
from support.audit import audit
from support.fleet import Fleet
from support.infra import embedded, roomy
from support.place import new_place
from support.proxy import Proxy
from support.traffic import Office

from dealwire.stack.infra import Infra


@dataclass
class LineWorld(World):
    """It reaches a broker of its own through a line that can be cut."""

    infra: Infra
    line: Proxy


@asynccontextmanager
async def a_line_world(folder: Path, tell: Tell) -> AsyncIterator[LineWorld]:
    """One replica of each service, two teams, and nothing wrong yet."""
    async with (
        embedded(tell, roomy()) as infra,
        new_place(infra) as place,
        Proxy(place.amqp_url) as line,
        Fleet(place, folder, count=1, amqp_url=line.url) as fleet,
    ):
        await fleet.start()
        async with aclosing(Office(fleet.url, fleet.keys)) as office:
            teams = await office.hire("medical", "energy")
            await audit(place)
            yield LineWorld(place, fleet, office, teams, tell, infra, line)
