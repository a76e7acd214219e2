from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from integration.kpi.listening import listening
from support.place import Place
from support.service import Client, eventually


@pytest.fixture
def am() -> str:
    """The id of a member that is not there yet."""
    return f"am.{uuid4().hex[:8]}"


@pytest.fixture
def team() -> str:
    """The id of a team that is not there yet."""
    return f"team.{uuid4().hex[:8]}"


LI = {"name": "李雷", "roles": ["am"], "industries": ["retail"]}


async def test_a_member_joins_a_team_and_every_change_is_told(kpi: Client, am: str, team: str) -> None:
    assert (await kpi.put(f"/v1/teams/{team}", json={"name": "华北"})).status_code == 200
    joined = await kpi.put(f"/v1/members/{am}", json={**LI, "memberships": [{"team_id": team, "since": "2017-01-01"}]})
    assert (joined.status_code, joined.headers["etag"]) == (200, '"1"')

    left = await kpi.put(f"/v1/members/{am}", json={**LI, "active": False}, headers={"If-Match": '"1"'})

    assert left.json()["active"] is False
    assert (await kpi.get(f"/v1/members/{am}")).json() == left.json()
    timeline = (await kpi.get(f"/v1/members/{am}/timeline")).json()["items"]
    assert [(event["type"], event["actor"], event["data"]["active"]) for event in timeline] == [
        ("member.changed.v1", "so.zhao", True),
        ("member.changed.v1", "so.zhao", False),
    ]
    assert timeline[0]["data"]["memberships"] == [{"team_id": team, "since": "2017-01-01"}]


async def test_absences_and_the_most_leads_of_a_member_are_told(kpi: Client, am: str) -> None:
    limits = {"absences": [{"first": "2017-01-02", "last": "2017-01-06"}], "max_open_leads": 20}
    member = (await kpi.put(f"/v1/members/{am}", json=LI | limits)).json()
    (event,) = (await kpi.get(f"/v1/members/{am}/timeline")).json()["items"]
    for told in (member, event["data"]):
        assert {field: told[field] for field in limits} == limits


async def test_changes_of_people_reach_the_bus_with_the_whole_state(kpi: Client, shared: Place, team: str) -> None:
    async with listening(shared, "member.changed.v1", "team.changed.v1") as heard:
        await kpi.put("/v1/members/lead.han", json={"name": "韩梅", "roles": ["team_lead"]})
        await kpi.put(f"/v1/teams/{team}", json={"name": "华北", "manager_id": "lead.han"})

        async def both() -> bool:
            return len(heard) == 2

        await eventually(both, "both events were heard")
        assert [(event.type, event.subject, event.data["name"]) for event in heard] == [
            ("member.changed.v1", "lead.han", "韩梅"),
            ("team.changed.v1", team, "华北"),
        ]


async def test_putting_the_same_again_changes_nothing(kpi: Client, am: str) -> None:
    first = await kpi.put(f"/v1/members/{am}", json=LI)
    again = await kpi.put(f"/v1/members/{am}", json=LI)

    assert again.json() == first.json()
    assert len((await kpi.get(f"/v1/members/{am}/timeline")).json()["items"]) == 1


async def test_a_stale_version_changes_nothing(kpi: Client, am: str) -> None:
    await kpi.put(f"/v1/members/{am}", json=LI)
    await kpi.put(f"/v1/members/{am}", json={**LI, "name": "李磊"})

    stale = await kpi.put(f"/v1/members/{am}", json={**LI, "name": "Li"}, headers={"If-Match": '"1"'})
    nothing_there = [await kpi.put(f"/v1/members/{am}.mo", json=LI, headers={"If-Match": tag}) for tag in ('"1"', "*")]

    assert [answer.status_code for answer in (stale, *nothing_there)] == [412] * 3
    assert (await kpi.get(f"/v1/members/{am}")).json()["name"] == "李磊"
    assert (await kpi.get(f"/v1/members/{am}.mo")).status_code == 404
    assert (await kpi.put(f"/v1/members/{am}", json={**LI, "name": "Li"}, headers={"If-Match": "*"})).is_success


async def test_the_same_idempotency_key_does_its_work_once(kpi: Client, am: str) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await kpi.put(f"/v1/members/{am}", json=LI, headers=key)
    await kpi.put(f"/v1/members/{am}", json={**LI, "name": "李磊"})

    again = await kpi.put(f"/v1/members/{am}", json=LI, headers=key)
    other = await kpi.put(f"/v1/members/{am}", json={**LI, "name": "Li"}, headers=key)

    assert "idempotent-replayed" not in first.headers
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert (other.status_code, other.json()["type"]) == (422, "urn:dealwire:problem:idempotency-key-reused")
    assert (await kpi.get(f"/v1/members/{am}")).json()["name"] == "李磊"


async def test_at_once_too_the_same_key_does_its_work_once_and_different_requests_all_count(
    kpi: Client, am: str
) -> None:
    same = [kpi.put(f"/v1/members/{am}", json=LI, headers={"Idempotency-Key": "k2"}) for _ in range(6)]
    assert {(each.status_code, each.json()["version"]) for each in await asyncio.gather(*same)} == {(200, 1)}

    different = [kpi.put(f"/v1/members/{am}.b", json={**LI, "name": f"李{number}"}) for number in range(6)]
    versions = {each.json()["version"] for each in await asyncio.gather(*different)}

    assert versions == {1, 2, 3, 4, 5, 6}
    assert (await kpi.get(f"/v1/members/{am}")).json()["version"] == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**LI, "manager_id": "nobody"}, "/manager_id"),
        ({**LI, "memberships": [{"team_id": "nowhere", "since": "2017-01-01"}]}, "/memberships/0/team_id"),
        ({**LI, "memberships": [{"team_id": None, "since": "yesterday"}]}, "/memberships/0/since"),
        ({**LI, "roles": []}, "/roles"),
        ({**LI, "roles": ["king"]}, "/roles/0"),
        ({**LI, "roles": ["machine"]}, "/roles"),
        ({**LI, "name": "  "}, "/name"),
        ({**LI, "salary": 1}, "/salary"),
        ({**LI, "absences": [{"first": "2017-01-02", "last": "2017-01-01"}]}, "/absences/0/last"),
        ({**LI, "absences": [{"first": "2017-01-02"}]}, "/absences/0/last"),
        ({**LI, "max_open_leads": -1}, "/max_open_leads"),
    ],
)
async def test_what_cannot_be_is_rejected_with_the_field_at_fault(
    kpi: Client, am: str, body: dict[str, Any], pointer: str
) -> None:
    response = await kpi.put(f"/v1/members/{am}", json=body)

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert (await kpi.get(f"/v1/members/{am}")).status_code == 404


async def test_people_are_listed_page_by_page_newest_first_and_by_team(kpi: Client, am: str, team: str) -> None:
    await kpi.put(f"/v1/teams/{team}", json={"name": "华北"})
    memberships = [{"team_id": team, "since": "2017-01-01"}]
    for number in range(5):
        await kpi.put(f"/v1/members/{am}{number}", json={**LI, "memberships": memberships})
    await kpi.put(f"/v1/members/{am}", json=LI)

    first = (await kpi.get("/v1/members", params={"limit": 3, "team": team})).json()
    rest = (await kpi.get("/v1/members", params={"limit": 3, "team": team, "cursor": first["next"]})).json()

    assert [each["id"] for each in first["items"] + rest["items"]] == [f"{am}{number}" for number in (4, 3, 2, 1, 0)]
    assert (await kpi.get("/v1/members", params={"limit": 1})).json()["items"][0]["id"] == am
    assert team in {each["id"] for each in (await kpi.get("/v1/teams")).json()["items"]}


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        ("so", "", 200),
        ("management", "", 200),
        ("machine", "people:write", 200),
        ("machine", "leads:capture", 403),
        ("am", "", 403),
        ("se", "", 403),
        ("cs", "", 403),
        ("team_lead", "", 403),
        ("legal", "", 403),
        ("finance", "", 403),
    ],
)
async def test_people_are_managed_by_sales_operations_management_and_machines_that_may(
    kpi: Client, am: str, team: str, role: str, scope: str, status: int
) -> None:
    caller = kpi.as_("x", role, scopes=(scope,) if scope else ())

    assert (await caller.put(f"/v1/teams/{team}", json={"name": "华北"})).status_code == status
    assert (await caller.put(f"/v1/members/{am}", json=LI)).status_code == status
    assert (await kpi.get(f"/v1/members/{am}")).status_code == (200 if status == 200 else 404)
    assert (await caller.get(f"/v1/members/{am}/timeline")).status_code == (200 if status == 200 else 403)
