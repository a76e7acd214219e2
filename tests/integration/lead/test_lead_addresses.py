"""From where it was done: kept with what happened, shown in timelines, told to nobody else."""

from __future__ import annotations

from integration.lead.desk import LI, MEMBERS, Desk, Json, a_desk, done
from integration.lead.test_forms import a_form, leads_of, left
from integration.lead.test_imports import a_csv, a_row, results, until
from integration.lead.test_lead_clock import clock
from integration.lead.test_lead_events import listening
from support.place import Place
from support.service import eventually

ADDRESS = "203.0.113.7"
FROM_THERE = {"X-Forwarded-For": ADDRESS}


async def addresses(desk: Desk, path: str) -> list[tuple[str, str | None]]:
    """What happened to a record, and from where."""
    items: list[Json] = (await done(desk.so.get(f"/v1/{path}/timeline")))["items"]
    return [(event["type"].split(".")[1], event["clientaddress"]) for event in items]


async def test_a_timeline_says_from_where_as_a_trusted_gateway_tells_it(desk: Desk) -> None:
    lead = await desk.lead("B")
    path = f"leads/{lead['id']}"
    await done(desk.so.post(f"/v1/{path}/assign", json={"am_id": LI}, headers=FROM_THERE))
    await done(desk.am().post(f"/v1/{path}/accept", headers={"X-Forwarded-For": f"198.51.100.1, {ADDRESS}"}))
    assert await addresses(desk, path) == [
        ("captured", "127.0.0.1"),
        ("qualified", "127.0.0.1"),
        ("assigned", ADDRESS),
        ("accepted", ADDRESS),
    ]


async def test_nobody_but_a_trusted_gateway_is_believed_from_where_a_request_comes(place: Place) -> None:
    async with a_desk(place, trusted_proxies=("10.0.0.0/8",)) as desk:
        note = {"kind": "policy", "title": "x", "text": "y"}
        written = await done(desk.so.post("/v1/notes", json=note, headers=FROM_THERE))
        assert await addresses(desk, f"notes/{written['id']}") == [("written", "127.0.0.1")]


async def test_what_a_stranger_left_in_a_form_has_an_address_too(desk: Desk) -> None:
    form = await a_form(desk, campaign="from where")
    await done(desk.client.post(f"/v1/public/forms/{form['key']}", json=left(), headers=FROM_THERE))
    (lead,) = await leads_of(desk, "from where")
    assert await addresses(desk, f"leads/{lead['id']}") == [("captured", ADDRESS)]


async def test_the_clock_and_what_is_done_later_have_no_address_and_the_import_has_one(place: Place) -> None:
    async with a_desk(place, *MEMBERS, **clock(seconds=0.5)) as desk:
        late = f"leads/{(await desk.lead(to=LI))['id']}"

        async def returned() -> bool:
            return len(await addresses(desk, late)) > 3

        await eventually(returned, "the lead is returned")
        told = await addresses(desk, late)
        assert told[2:4] == [("assigned", "127.0.0.1"), ("returned", None)]
        opened = await done(desk.so.post("/v1/imports", json={"name": "visitors"}))
        path = f"imports/{opened['id']}"
        await done(desk.so.put(f"/v1/{path}/file", content=a_csv(a_row())))
        await done(desk.so.post(f"/v1/{path}/start", headers=FROM_THERE))
        await until(desk.so, opened["id"], "done")
        assert (await addresses(desk, path))[2:] == [("started", ADDRESS), ("finished", None)]
        (row,) = await results(desk, opened)
        (captured,) = await desk.timeline(row["lead_id"])
        assert (captured.causationid, await addresses(desk, f"leads/{row['lead_id']}")) == (
            opened["id"],
            [("captured", None)],
        )


async def test_an_address_stays_with_the_service_and_is_on_no_message(place: Place) -> None:
    async with a_desk(place) as desk, listening(place) as heard:
        lead = await desk.lead()
        await done(desk.so.post(f"/v1/leads/{lead['id']}/discard", json={"reason": "spam"}, headers=FROM_THERE))

        async def both() -> bool:
            return len(heard) >= 2

        await eventually(both, "both events are announced")
        assert not any(ADDRESS.encode() in message.body or b"clientaddress" in message.body for message in heard)
        assert await addresses(desk, f"leads/{lead['id']}") == [("captured", "127.0.0.1"), ("discarded", ADDRESS)]
