"""Market notes: written, found, revised, and cited by leads."""

from __future__ import annotations

from typing import Any

from integration.lead.desk import CHEN, LI, Desk, Json, done, problem

NOTE = {"kind": "competitor", "title": "東芝降价", "text": "Ten percent off all CT scanners", "about": "Toshiba"}


async def a_note(desk: Desk, **changes: Any) -> Json:
    return await done(desk.am(LI).post("/v1/notes", json=NOTE | changes))


async def found(desk: Desk, **query: str) -> list[str]:
    return [note["id"] for note in (await done(desk.so.get("/v1/notes", params=query)))["items"]]


async def test_a_note_is_found_by_its_words_and_its_kind(desk: Desk) -> None:
    note = await a_note(desk)
    other = await a_note(desk, kind="policy", title="补贴", text="A third is paid", about=None)
    for query in ({"q": "东芝"}, {"q": "ＴＯＳＨ ten"}, {"q": "scanners", "kind": "competitor"}):
        assert await found(desk, **query) == [note["id"]], query
    assert await found(desk, kind="policy") == [other["id"]]
    assert await found(desk, q="东芝 补贴") == []
    assert await found(desk) == [other["id"], note["id"]]


async def test_a_note_is_revised_by_who_wrote_it_or_by_sales_operations(desk: Desk) -> None:
    note = await a_note(desk)
    path, revised = f"/v1/notes/{note['id']}", NOTE | {"text": "It was five percent"}
    assert problem(await desk.am(CHEN).put(path, json=revised)) == (403, "not-your-note")
    assert (await done(desk.am(LI).put(path, json=revised)))["text"] == "It was five percent"
    assert (await done(desk.so.put(path, json=revised)))["version"] == 2
    assert (await done(desk.so.put(path, json=NOTE)))["version"] == 3
    events = (await done(desk.so.get(f"{path}/timeline")))["items"]
    assert [(event["type"], event["actor"]) for event in events] == [
        ("market_note.written.v1", LI),
        ("market_note.revised.v1", LI),
        ("market_note.revised.v1", "so.zhao"),
    ]


async def test_a_lead_cites_a_note_once_and_the_note_lists_its_leads(desk: Desk) -> None:
    note, lead = await a_note(desk), await desk.lead(to=LI)
    path, body = f"/v1/leads/{lead['id']}/notes", {"note_id": note["id"]}
    assert problem(await desk.am(CHEN).post(path, json=body))[0] == 403
    for client in (desk.am(LI), desk.so):
        cited = await done(client.post(path, json=body))
        assert cited["notes"] == [note["id"]]
    assert (await desk.happened(lead["id"])).count("note_cited") == 1
    listed = (await done(desk.so.get("/v1/leads", params={"note_id": note["id"]})))["items"]
    assert [each["id"] for each in listed] == [lead["id"]]


async def test_an_unknown_note_is_refused_with_the_field(desk: Desk) -> None:
    lead = await desk.lead(to=LI)
    refused = await desk.so.post(f"/v1/leads/{lead['id']}/notes", json={"note_id": "nobodys"})
    assert problem(refused) == (422, "unknown-note")
    assert refused.json()["errors"][0]["pointer"] == "/note_id"
