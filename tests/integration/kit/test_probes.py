from __future__ import annotations

import asyncio
from dataclasses import replace

from integration.kit.sums import SUM_SERVICE
from support.place import Place
from support.proxy import Proxy
from support.service import eventually
from support.tally import Replica, Sums, a_replica

from dealwire.kit import metrics
from dealwire.kit.consumer import Consumer
from dealwire.kit.probes import probes


def consuming() -> float:
    return float(metrics.consuming._value.get())


async def test_probes_tell_what_is_away_and_whether_that_is_critical(place: Place) -> None:
    def consumer(replica: Replica) -> Consumer:
        reactions = Sums(replica.database, replica.relay).reactions
        return Consumer(replica.bus, replica.database, SUM_SERVICE, reactions)

    async with Proxy(place.mongo_url) as mongo, Proxy(place.amqp_url) as broker:
        behind = replace(place, mongo_url=mongo.url, amqp_url=broker.url)
        async with a_replica(behind, consumer, service=SUM_SERVICE, patience=0.5) as replica:
            look = probes(replica.database, replica.bus, replica.parts[-1].inbox)

            async def found() -> dict[str, tuple[bool, bool]]:
                return {name: ((probe := await see()).ok, probe.critical) for name, see in look.items()}

            assert await found() == {"mongo": (True, True), "broker": (True, False), "consumer": (True, False)}
            assert consuming() == 1
            await broker.cut()
            while replica.bus.connected:  # noqa: ASYNC110  # each turn: no probe may ever find it away for no reason
                await asyncio.sleep(0)
            assert (await look["broker"]()).detail

            async def broker_missed() -> bool:
                return await found() == {"mongo": (True, True), "broker": (False, False), "consumer": (False, False)}

            await eventually(broker_missed, "the broker is missed")
            assert consuming() == 0
            assert SUM_SERVICE in str((await look["consumer"]()).detail)
            await broker.restore()
            await eventually(replica.is_ready, "connected again")
            assert consuming() == 1
            await mongo.cut()
            assert (await look["mongo"]()).ok is False
            await mongo.restore()

            async def mongo_back() -> bool:
                return (await look["mongo"]()).ok

            await eventually(mongo_back, "the database is back")
