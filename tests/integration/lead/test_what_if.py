"""What other rules would have made of the leads there are."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from integration.lead.desk import CHEN, GU, LI, Desk, Json, done, problem

STRICT = {"weights": {"need": 100}, "grades": [{"grade": "B", "at_least": {"need": 90}}]}


async def reports(desk: Desk, path: str, body: Json, at_most: int) -> list[Json]:
    """One report after the other until there are no more leads."""
    found: list[Json] = []
    cursor = None
    while True:
        found.append(await done(desk.so.post(path, json=body | {"at_most": at_most, "cursor": cursor})))
        cursor = found[-1]["next"]
        if cursor is None:
            return found


async def test_what_if_reports_how_past_leads_would_be_graded_and_changes_nothing(desk: Desk) -> None:
    leads = [await desk.lead(grade) for grade in "AABC"]
    unqualified = await desk.lead()
    since = {"since": leads[0]["captured_at"]}
    report = await done(desk.so.post("/v1/scoring/what-if", json={"model": STRICT, "examples": 1, **since}))
    assert (report["model"], report["leads"], report["changed"], report["next"]) == ("draft.v0", 4, 2, None)
    assert [(each["before"], each["after"], each["leads"]) for each in report["grades"]] == [
        ("A", "B", 2),
        ("B", "B", 1),
        ("C", "C", 1),
    ]
    (example,) = report["grades"][0]["examples"]
    assert example["lead_id"] in {leads[0]["id"], leads[1]["id"]}
    assert (example["model"], example["score_before"], example["score_after"]) == ("bant.v1", leads[0]["score"], 90)
    assert example["reasons"] == [
        {"criterion": "need", "points": 90, "because": "need is at 90 of 100, worth up to 100 points"}
    ]
    built_in = {"model": {"name": "bant", "version": 1}, **since}
    assert (await done(desk.so.post("/v1/scoring/what-if", json=built_in)))["changed"] == 0
    assert [await desk.get(lead["id"]) for lead in (*leads, unqualified)] == [*leads, unqualified]


async def test_reports_of_pieces_add_up_to_the_report_of_the_whole(desk: Desk) -> None:
    await asyncio.gather(*(desk.lead(grade) for grade in "ABC" * 4))
    for path, body in (
        ("/v1/scoring/what-if", {"model": STRICT}),
        ("/v1/routing/what-if", {"routing": [{"name": "everybody"}]}),
    ):
        (whole,) = await reports(desk, path, body, at_most=50_000)
        pieces = await reports(desk, path, body, at_most=5)
        assert len(pieces) == -(-whole["leads"] // 5)
        for count in ("leads", "changed"):
            assert sum(piece[count] for piece in pieces) == whole[count]


async def test_what_if_reports_who_would_have_got_past_leads(desk: Desk) -> None:
    leads = [await desk.lead("A", region=region) for region in ("华东", "华南", "华东")]
    rules = [{"name": "east", "when": {"regions": ["华东"]}, "to": {"members": [GU]}}, {"name": "everybody"}]
    body = {"routing": rules, "since": leads[0]["captured_at"]}
    report = await done(desk.so.post("/v1/routing/what-if", json=body))
    assert (report["leads"], report["changed"]) == (3, 3)
    assert {(each["before"], each["after"], each["leads"]) for each in report["rules"]} == {
        ("industry", "east", 2),
        ("industry", "everybody", 1),
    }
    shares = {each["am_id"]: (each["before"], each["after"]) for each in report["shares"]}
    assert shares[GU][1] == 2
    assert sum(before for before, _ in shares.values()) == sum(after for _, after in shares.values()) == 3
    (example, *_) = next(each for each in report["rules"] if each["after"] == "east")["examples"]
    assert example["before"]["am_id"] in {LI, CHEN}
    assert example["after"] == {
        "am_id": GU,
        "se_id": example["before"]["se_id"],
        "because": ["is named by the rule", "Gu Min has the fewest open leads (0) of 1"],
    }
    same = await done(desk.so.post("/v1/routing/what-if", json=body | {"routing": 1}))
    assert same["changed"] == 0
    assert [await desk.get(lead["id"]) for lead in leads] == leads


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("scoring", {"model": {"name": "bant", "version": 9}}, 404),
        ("scoring", {"model": {"name": "nobodys", "version": 1}}, 404),
        ("scoring", {"model": {"weights": {"need": 0}, "grades": []}}, 422),
        ("scoring", {"model": STRICT, "at_most": 0}, 422),
        ("scoring", {"model": STRICT, "cursor": "x"}, 422),
        ("scoring", {"model": STRICT, "until": "9999-12-31T23:59:59-12:00"}, 422),
        ("routing", {"routing": 9}, 404),
        ("routing", {"routing": []}, 422),
        ("routing", {"routing": 1, "since": "0001-01-01T00:00:00+12:00"}, 422),
    ],
)
async def test_a_wrong_question_is_refused(desk: Desk, path: str, body: dict[str, Any], status: int) -> None:
    assert problem(await desk.so.post(f"/v1/{path}/what-if", json=body))[0] == status
