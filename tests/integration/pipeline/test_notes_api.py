"""Market notes, told by lead-service and cited by deals."""

from __future__ import annotations

from integration.pipeline.desk import Desk, done, refused
from support.service import eventually

from dealwire.catalogue.market import MarketNoteRevised, MarketNoteWritten

NOTE = {"note_id": "note-1", "kind": "competitor", "title": "东芝降价", "text": "Ten percent off all CT scanners"}


async def test_a_deal_cites_a_note_once_and_the_note_lists_its_deals(desk: Desk) -> None:
    deal_id = await desk.a_deal()
    path, body = f"/v1/opportunities/{deal_id}", {"note_id": "note-1"}
    early = refused(await desk.am.post(f"{path}/notes", json=body), 422, "unknown-note")
    assert early["errors"][0]["pointer"] == "/note_id"

    # The revision is heard of before what it revises, and everything twice.
    for _ in range(2):
        await desk.tell(MarketNoteRevised.model_validate(NOTE | {"title": "東芝又降价"}), "note-1", sequence=2)
        await desk.tell(MarketNoteWritten.model_validate(NOTE), "note-1", sequence=1)

    async def known() -> bool:
        return (await desk.so.post(f"{path}/notes", json=body)).is_success

    await eventually(known, "the note is known")
    refused(await desk.other_am.post(f"{path}/notes", json=body), 403, "not-your-deal")
    assert done(await desk.am.post(f"{path}/notes", json=body))["notes"] == ["note-1"]
    assert (await desk.events(path)).count("opportunity.note_cited.v1") == 1
    cited = done(await desk.so.get("/v1/opportunities", params={"note_id": "note-1"}))["items"]
    assert [deal["id"] for deal in cited] == [deal_id]
    assert done(await desk.other_am.get("/v1/opportunities", params={"note_id": "note-1"}))["items"] == []

    other = f"/v1/opportunities/{await desk.a_deal()}"
    done(await desk.am.post(f"{other}/notes", json=body))
    timeline = done(await desk.so.get(f"{other}/timeline"))["items"]
    assert timeline[-1]["data"]["title"] == "東芝又降价"
