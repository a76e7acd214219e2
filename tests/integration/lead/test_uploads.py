"""Uploads that broke off: a replica that dies while it takes a file in leaves rows behind, and they go by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from integration.lead.desk import Desk, Json, a_desk, done
from integration.lead.test_imports import a_csv, a_row, received, until
from support.place import Place
from support.service import eventually, running
from support.tally import Deaf
from unit.lead.builders import CALENDAR

from dealwire.errors import Conflict
from dealwire.event import utc_now
from dealwire.kit.cause import Cause
from dealwire.kit.store import Database
from lead_service.domain.policy import Policy
from lead_service.handlers import Bulk, Handlers, Imports
from lead_service.handlers.imports import CHUNK
from lead_service.main import build
from lead_service.settings import LeadSettings
from lead_service.store import SERVICE, LeadStore
from lead_service.store.import_rows import ImportRows

BROKEN_OFF = {"policy": {"broken_off_minutes": 0.1}}


class Stalling(ImportRows):
    """Keeps the first chunk of rows, and then nothing more until it is let go on: as a process that died, or nearly so."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.stalled, self.go_on = asyncio.Event(), asyncio.Event()

    async def put(self, import_id: str, upload: str, first: int, rows: list[list[str]], now: datetime) -> None:
        await super().put(import_id, upload, first, rows, now)
        if not self.stalled.is_set():
            self.stalled.set()
            await self.go_on.wait()


@asynccontextmanager
async def a_stalled_upload(place: Place, import_id: str) -> AsyncIterator[tuple[Stalling, asyncio.Task[Any]]]:
    """Another replica in the midst of taking a file in."""
    database = Database(place.mongo_url, place.database(SERVICE))
    store = LeadStore(database, Deaf())  # type: ignore[arg-type]  # in a relay's place
    rows = store.import_rows = Stalling(database)
    imports = Imports(store, Bulk(store, Handlers(store, CALENDAR, Policy())), CALENDAR, Policy())

    async def body() -> AsyncIterator[bytes]:
        yield a_csv(*(a_row() for _ in range(CHUNK + 1)))

    cause = Cause(actor="so.zhao", now=utc_now(), correlation_id=str(uuid4()))
    upload = asyncio.create_task(imports.receive(import_id, body(), cause))
    try:
        await rows.stalled.wait()
        yield rows, upload
    finally:
        rows.go_on.set()
        with suppress(Conflict):
            await upload
        await database.stop()


async def uploads(rows: ImportRows, **query: Any) -> set[str]:
    """Of which uploads rows are kept."""
    return set(await rows._collection.distinct("upload", query))


async def test_rows_of_an_upload_that_broke_off_go_by_themselves_and_a_live_imports_rows_stay(place: Place) -> None:
    async with a_desk(place, **BROKEN_OFF) as desk, running(build, LeadSettings, place, **BROKEN_OFF):
        other = await received(desk, a_csv(a_row()))
        opened = await done(desk.so.post("/v1/imports", json={"name": "visitors"}))
        async with a_stalled_upload(place, opened["id"]) as (rows, upload):
            (broken,) = await uploads(rows, **{"import": opened["id"]})
            await done(desk.so.put(f"/v1/imports/{opened['id']}/file", content=a_csv(a_row(), a_row())))

            async def gone() -> bool:
                return broken not in await uploads(rows)

            await eventually(gone, "the rows that were left are gone")
            assert len(await uploads(rows)) == 2
            rows.go_on.set()
            with pytest.raises(Conflict, match="took too long"):
                await upload
            assert broken not in await uploads(rows)
        for known, captured in ((opened, 2), (other, 1)):
            await done(desk.so.post(f"/v1/imports/{known['id']}/start"))
            assert (await until(desk.so, known["id"], "done"))["captured"] == captured
        timeline = (await done(desk.so.get(f"/v1/imports/{opened['id']}/timeline")))["items"]
        assert [event["type"] for event in timeline].count("lead_import.upload_given_up.v1") == 1


async def test_an_upload_that_ended_just_before_its_replica_died_stays(place: Place) -> None:
    async with a_desk(place, **BROKEN_OFF) as desk:
        known = await received(desk, a_csv(a_row(), a_row()))
        database = Database(place.mongo_url, place.database(SERVICE))
        rows = ImportRows(database)
        long_ago = utc_now() - timedelta(hours=1)
        await rows._collection.update_many({}, {"$set": {"loose_since": long_ago}})

        async def fastened() -> bool:
            return not await uploads(rows, loose_since={"$exists": True})

        await eventually(fastened, "the import's rows were looked after")
        await database.stop()
        await done(desk.so.post(f"/v1/imports/{known['id']}/start"))
        assert (await until(desk.so, known["id"], "done"))["captured"] == 2


async def test_an_upload_is_not_broken_off_as_long_as_rows_of_it_come_in(place: Place) -> None:
    database = Database(place.mongo_url, place.database(SERVICE))
    rows, now = ImportRows(database), utc_now()
    for upload, number, minutes in (("slow", 2, 60), ("slow", 502, 1), ("broken off", 2, 60), ("quick", 2, 1)):
        await rows.put("some-import", upload, number, [["x"]], now - timedelta(minutes=minutes))
    assert await rows.loose(now - timedelta(minutes=15)) == ["broken off"]
    await database.stop()


async def test_of_two_files_sent_at_once_the_later_is_whole(desk: Desk) -> None:
    opened = await done(desk.so.post("/v1/imports", json={"name": "visitors"}))
    async with a_stalled_upload(desk.place, opened["id"]) as (rows, upload):
        await done(desk.so.put(f"/v1/imports/{opened['id']}/file", content=a_csv(a_row())))
        rows.go_on.set()
        await upload
        assert len(await uploads(rows, **{"import": opened["id"]})) == 1
    known: Json = await done(desk.so.post(f"/v1/imports/{opened['id']}/start"))
    assert (await until(desk.so, known["id"], "done"))["captured"] == CHUNK + 1
