"""Two leads become one and two again, whatever else happens to them at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import uuid4

from integration.lead.desk import ANSWERS, CHEN, LI, Desk, Json, a_capture, done, problem
from integration.lead.test_lead_customers import an_account, linked
from integration.lead.test_lead_likeness import a_company, a_person, is_suggested, suggested
from support.service import eventually


async def two_leads(desk: Desk) -> tuple[Json, Json]:
    company = a_company()
    older = await desk.lead(company=company, contact=a_person())
    return older, await desk.lead(company=company, contact=a_person("陈杰"))


async def merge(desk: Desk, lead: Json, into: Json, **headers: str) -> Json:
    return await done(desk.so.post(f"/v1/leads/{lead['id']}/merge", json={"into": into["id"]}, headers=headers))


async def unmerge(desk: Desk, lead: Json) -> Json:
    return await done(desk.so.post(f"/v1/leads/{lead['id']}/unmerge"))


def without_version(lead: Json) -> Json:
    return {field: value for field, value in lead.items() if field not in {"version", "updated_at"}}


async def test_a_merge_undone_gives_both_back_exactly(desk: Desk) -> None:
    older, newer = await two_leads(desk)
    merged = await merge(desk, newer, older)
    assert (merged["status"], merged["merged_into"]) == ("merged", older["id"])
    survivor = await desk.get(older["id"])
    assert (survivor["absorbed"], survivor["captures"]) == ([newer["id"]], 2)
    again = await done(desk.so.post("/v1/leads", json=a_capture(contact=newer["contact"])))
    assert again["id"] == older["id"], "what found the other finds the survivor"
    assert without_version(await unmerge(desk, newer)) == without_version(newer)
    survivor = await desk.get(older["id"])
    assert survivor.pop("archive_at") > older.pop("archive_at"), "it is kept longer since somebody came in"
    assert without_version(survivor) == without_version(older) | {"captures": 2}, "what came in meanwhile stays"
    again = await done(desk.so.post("/v1/leads", json=a_capture(contact=newer["contact"])))
    assert again["id"] == newer["id"]


async def test_both_histories_are_kept_and_shown(desk: Desk) -> None:
    older, newer = await two_leads(desk)
    await merge(desk, newer, older)
    events = [(event.subject, event.type.split(".")[1]) for event in await desk.timeline(older["id"])]
    assert Counter(events) == Counter(
        [
            (older["id"], "captured"),
            (newer["id"], "captured"),
            (newer["id"], "merged"),
            (older["id"], "absorbed"),
        ]
    )
    page = await done(desk.so.get(f"/v1/leads/{older['id']}/timeline", params={"limit": 3}))
    rest = await done(desk.so.get(f"/v1/leads/{older['id']}/timeline", params={"limit": 3, "cursor": page["next"]}))
    paged = [(event["subject"], event["type"].split(".")[1]) for event in page["items"] + rest["items"]]
    assert paged == events
    await unmerge(desk, newer)
    assert await desk.happened(newer["id"]) == ["captured", "merged", "unmerged"]
    assert await desk.happened(older["id"]) == ["captured", "absorbed", "separated"]


async def test_a_merge_sent_again_is_one_merge(desk: Desk) -> None:
    older, newer = await two_leads(desk)
    key = {"Idempotency-Key": str(uuid4())}
    first = await merge(desk, newer, older, **key)
    assert await merge(desk, newer, older, **key) == first
    assert await merge(desk, newer, older) == first
    path = f"/v1/leads/{newer['id']}/unmerge"
    key = {"Idempotency-Key": str(uuid4())}
    back = await done(desk.so.post(path, headers=key))
    repeated = await desk.so.post(path, headers=key)
    assert (repeated.json(), repeated.headers["idempotent-replayed"]) == (back, "true")
    assert problem(await desk.so.post(path)) == (409, "lead-not-merged")
    assert (await desk.get(older["id"]))["captures"] == 1


async def test_a_merge_that_makes_no_sense_is_refused_and_changes_nothing(desk: Desk) -> None:
    older, newer = await two_leads(desk)
    path = f"/v1/leads/{newer['id']}/merge"
    for into, status, slug in (
        (newer["id"], 422, "same-lead"),
        ("nobody", 404, "not-found"),
    ):
        assert problem(await desk.so.post(path, json={"into": into})) == (status, slug)
    stale = await desk.so.post(path, json={"into": older["id"]}, headers={"If-Match": '"9"'})
    assert problem(stale) == (412, "stale-version")
    held = await desk.lead(to=LI, contact=a_person())
    other_way = await desk.so.post(f"/v1/leads/{held['id']}/merge", json={"into": older["id"]})
    assert problem(other_way) == (409, "merge-the-other-way")
    assert await desk.get(older["id"]) == older
    assert await desk.get(newer["id"]) == newer
    assert await desk.get(held["id"]) == held


async def test_of_two_merges_at_once_one_happens(desk: Desk) -> None:
    for _ in range(5):
        older, newer = await two_leads(desk)
        answers = await asyncio.gather(
            desk.so.post(f"/v1/leads/{newer['id']}/merge", json={"into": older["id"]}),
            desk.so.post(f"/v1/leads/{older['id']}/merge", json={"into": newer["id"]}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        leads = [await desk.get(lead["id"]) for lead in (older, newer)]
        assert sorted(lead["captures"] for lead in leads) == [1, 2]
        assert [lead["status"] for lead in leads].count("merged") == 1


async def test_of_a_merge_and_an_acceptance_at_once_both_or_the_first_happens(desk: Desk) -> None:
    for _ in range(5):
        held = await desk.lead(to=LI, contact=a_person())
        other = await desk.lead(to=CHEN, contact=a_person())
        merging, accepting = await asyncio.gather(
            desk.so.post(f"/v1/leads/{held['id']}/merge", json={"into": other["id"]}),
            desk.am(LI).post(f"/v1/leads/{held['id']}/accept"),
        )
        now = await desk.get(held["id"])
        if merging.status_code == 200:
            assert (now["status"], now["am_id"], now["merged_into"]) == ("merged", None, other["id"])
            assert accepting.status_code == 409 or "accepted" in await desk.happened(held["id"])
        else:
            assert problem(merging) == (409, "merge-the-other-way")
            assert (accepting.status_code, now["status"]) == (200, "accepted")


async def test_captures_that_race_with_a_merge_are_all_kept(desk: Desk) -> None:
    older, newer = await two_leads(desk)
    captures = [desk.so.post("/v1/leads", json=a_capture(contact=newer["contact"])) for _ in range(12)]
    merging = asyncio.create_task(merge(desk, newer, older))
    answers = await asyncio.gather(*captures)
    await merging
    assert {answer.text for answer in answers if answer.status_code != 201} == set()
    assert (await desk.get(older["id"]))["captures"] == 14
    linked_to = Counter(event.subject for event in await desk.timeline(older["id"]) if event.type == "lead.linked.v1")
    assert sum(linked_to.values()) == 12


async def test_the_clocks_of_a_merged_lead_stand_still(desk: Desk) -> None:
    held, other = await desk.lead(to=LI, contact=a_person()), await desk.lead(to=CHEN, contact=a_person())
    merged = await merge(desk, held, other)
    assert (merged["accept_by"], merged["complete_by"], merged["am_id"]) == (None, None, None)
    for action in ("accept", "convert"):
        assert problem(await desk.am(LI).post(f"/v1/leads/{held['id']}/{action}"))[0] == 409
    bodies: dict[str, Json] = {"qualify": ANSWERS["A"], "assign": {"am_id": LI}, "discard": {"reason": "spam"}}
    for action, body in bodies.items():
        assert problem(await desk.so.post(f"/v1/leads/{held['id']}/{action}", json=body))[0] == 409


async def test_a_suggestion_that_is_confirmed_merges_the_leads(desk: Desk) -> None:
    company = a_company()
    first, second, third = [await desk.lead(company=company, contact=a_person()) for _ in range(3)]
    one = next(each for each in await is_suggested(desk, second["id"], 2) if each["other_id"] == first["id"])
    confirmed = await done(desk.so.post(f"/v1/suggestions/{one['id']}/confirm"))
    assert confirmed["verdict"] == "same"
    assert (await desk.get(second["id"]))["merged_into"] == first["id"]
    assert (await done(desk.so.post(f"/v1/suggestions/{one['id']}/confirm")))["verdict"] == "same"

    async def settled() -> bool:
        return {each["verdict"] for each in await suggested(desk, second["id"])} == {"same", "void"}

    await eventually(settled, "what was suggested about the lead that went is void")
    await unmerge(desk, second)

    async def told_apart() -> bool:
        verdicts = {each["id"]: each["verdict"] for each in await suggested(desk, second["id"])}
        return verdicts.pop(one["id"]) == "other" and set(verdicts.values()) == {"open"}

    await eventually(told_apart, "the pair is told apart, and the third suggested again")
    assert third["id"] in {each["lead_id"] for each in await suggested(desk, second["id"])}


async def test_a_lead_of_a_customer_goes_to_the_customers_am_and_to_nobody_else(desk: Desk) -> None:
    company = a_company()
    await an_account(desk, company, CHEN)
    for grade in ("A", "B"):
        lead = await linked(desk, (await desk.lead(company=f"{company}有限公司", contact=a_person()))["id"])
        assigned = await done(desk.so.post(f"/v1/leads/{lead['id']}/qualify", json=ANSWERS[grade]))
        assert (assigned["status"], assigned["am_id"]) == ("assigned", CHEN)
    nurtured = await linked(desk, (await desk.lead(company=company, contact=a_person()))["id"])
    path = f"/v1/leads/{nurtured['id']}"
    await done(desk.so.post(f"{path}/qualify", json=ANSWERS["C"]))
    assert problem(await desk.so.post(f"{path}/assign", json={"am_id": LI})) == (422, "customer-has-an-am")
    assert (await done(desk.so.post(f"{path}/assign", json={"am_id": CHEN})))["am_id"] == CHEN


async def test_a_lead_that_another_am_has_goes_to_the_customers_am_once_a_person_says_so(desk: Desk) -> None:
    company = a_company()
    lead = await desk.accepted(LI, company=company, contact=a_person())
    account_id = await an_account(desk, company, CHEN)
    (suggestion,) = await is_suggested(desk, lead["id"])
    assert (suggestion["kind"], suggestion["other_id"]) == ("customer", account_id)
    await done(desk.so.post(f"/v1/suggestions/{suggestion['id']}/confirm"))
    now = await desk.get(lead["id"])
    assert (now["status"], now["am_id"], now["customer"]["account_id"]) == ("assigned", CHEN, account_id)
    assert (await desk.timeline(lead["id"]))[-1].data["because"] == ["is the AM of this customer"]


async def test_conversion_finds_the_customers_account_however_the_capture_spelt_it(desk: Desk) -> None:
    company = a_company()
    await an_account(desk, f"{company}有限公司", LI)
    lead = await linked(desk, (await desk.lead(company=f"{company}集团", contact=a_person()))["id"])
    for who, action, body in (
        (desk.so, "qualify", ANSWERS["A"]),
        (desk.am(LI), "accept", None),
        (desk.am(LI), "convert", None),
    ):
        await done(who.post(f"/v1/leads/{lead['id']}/{action}", json=body))
    assert (await desk.timeline(lead["id"]))[-1].data["company"] == f"{company}有限公司"
