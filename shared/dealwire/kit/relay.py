"""The relay: brings committed events to the broker, in order within a record, and loses none.

The replica that committed publishes at once from memory. What it could not publish (a crash, the broker away) is found
in the records by a sweeper, which every replica runs. Hints in memory may be dropped at any time: the outbox is the
truth.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog

from dealwire.event import RecordedEvent, utc_now
from dealwire.kit import metrics
from dealwire.kit.bus import Bus
from dealwire.kit.store import RecordStore

log = structlog.get_logger(__name__)

Store = RecordStore[Any]
_Key = tuple[Store, str]

_MOST_HINTS = 20_000
_MOST_CONFIRMED = 10_000
_BUSY_BATCHES = 5
_LEASE = timedelta(seconds=10)
_GAUGE_SECONDS = 2.0
_DRAIN_SECONDS = 5.0


class Relay:
    """Publishes with confirms, at most `in_flight` records at a time and one event at a time within a record.

    A record whose events have been pending for `sweep_after` seconds is taken up by the sweeper of any replica.
    """

    def __init__(
        self, bus: Bus, *, in_flight: int = 200, sweep_after: float = 5.0, sweep_interval: float = 1.0
    ) -> None:
        self._bus = bus
        self._in_flight = in_flight
        self._sweep_after = timedelta(seconds=sweep_after)
        self._sweep_interval = sweep_interval
        self._stores: list[Store] = []
        self._hints: OrderedDict[_Key, list[RecordedEvent]] = OrderedDict()
        self._hinted = asyncio.Event()
        self._confirmed: OrderedDict[str, None] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    def watch(self, store: Store) -> None:
        """Sweeps this store too."""
        self._stores.append(store)

    def offer(self, store: Store, id: str, events: list[RecordedEvent]) -> None:
        """A record has these events pending: all that are, in order, so that the newest offer stands for the others."""
        known = self._hints.get((store, id))
        if known is None and len(self._hints) >= _MOST_HINTS:
            return
        if known is None or known[-1].sequence < events[-1].sequence:
            self._hints[store, id] = events
            self._hinted.set()

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(loop(), name=f"relay.{loop.__name__}") for loop in (self._publish, self._sweep)
        ]

    async def stop(self) -> None:
        """Publishes what is at hand, then stops; what is left is swept after the next start."""
        self._stopping = True
        self._hinted.set()
        if self._tasks:
            publish, sweep = self._tasks
            sweep.cancel()
            with suppress(TimeoutError):
                await asyncio.wait_for(publish, timeout=_DRAIN_SECONDS)
            await asyncio.gather(sweep, return_exceptions=True)

    async def _publish(self) -> None:
        while not (self._stopping and not self._hints):
            await self._hinted.wait()
            batch = [self._hints.popitem(last=False) for _ in range(min(len(self._hints), self._in_flight))]
            if not self._hints and not self._stopping:
                self._hinted.clear()
            if self._bus.connected:
                await self._announce(batch)

    async def _announce(self, batch: list[tuple[_Key, list[RecordedEvent]]]) -> None:
        """Publishes a batch and moves what was confirmed to the history."""
        done = await asyncio.gather(*(self._announce_record(events) for _, events in batch))
        by_store: dict[Store, dict[str, list[RecordedEvent]]] = {}
        for ((store, id_), _), confirmed in zip(batch, done, strict=True):
            if confirmed:
                by_store.setdefault(store, {})[id_] = confirmed
        for store, events in by_store.items():
            try:
                await store.outbox.settle(events)
            except Exception as error:  # noqa: BLE001  # whatever it is, the sweeper announces them again
                log.warning("relay.settle_failed", records=len(events), reason=repr(error))

    async def _announce_record(self, events: list[RecordedEvent]) -> list[RecordedEvent]:
        confirmed = []
        for event in events:
            # What a change or a sweep found pending may have been confirmed since: its answer can come late.
            if event.id not in self._confirmed:
                try:
                    await self._bus.publish(event)
                except Exception as error:  # noqa: BLE001  # same, and other records go on
                    log.info("relay.publish_failed", event_type=event.type, reason=str(error))
                    break
                self._confirmed[event.id] = None
                if len(self._confirmed) > _MOST_CONFIRMED:
                    self._confirmed.popitem(last=False)
            confirmed.append(event)
        return confirmed

    async def _sweep(self) -> None:
        gauged = 0.0
        while True:
            claimed = 0
            try:
                if self._bus.connected and len(self._hints) < _BUSY_BATCHES * self._in_flight:
                    claimed = sum([await self._sweep_store(store) for store in self._stores])
                if (now := asyncio.get_running_loop().time()) - gauged > _GAUGE_SECONDS:
                    gauged = now
                    await self._gauge()
            except Exception as error:  # noqa: BLE001  # whatever it is, there has to be a next sweep
                log.warning("relay.sweep_failed", reason=repr(error))
            if claimed < self._in_flight:
                await asyncio.sleep(self._sweep_interval)

    async def _sweep_store(self, store: Store) -> int:
        claimed = await store.outbox.claim_pending(utc_now() - self._sweep_after, _LEASE, self._in_flight)
        for id_, events in claimed:
            self.offer(store, id_, events)
        if claimed:
            log.info("relay.swept", records=len(claimed), store=store.name)
        return len(claimed)

    async def _gauge(self) -> None:
        pending = [await store.outbox.pending() for store in self._stores]
        oldest = min((since for _, since in pending if since), default=None)
        metrics.outbox_pending.set(sum(records for records, _ in pending))
        metrics.outbox_oldest_pending_age.set((utc_now() - oldest).total_seconds() if oldest else 0)
