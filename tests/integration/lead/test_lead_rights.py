"""Who may do what: every route, for every role."""

from __future__ import annotations

import re
from typing import Any

import pytest
from integration.lead.desk import ANSWERS, CHEN, LI, WANG, ZHOU, Desk, a_capture, done, problem

from dealwire.catalogue.common import Role

AM, SE, SO, TEAM_LEAD, MANAGEMENT = Role.AM, Role.SE, Role.SO, Role.TEAM_LEAD, Role.MANAGEMENT
A_MODEL = {"weights": {"need": 100}, "grades": [{"grade": "B", "score": 40}]}
SOME_SOPS = {
    "follow_up": {grade: [{"after": {"hours": 24}, "channel": "call", "content": "Call"}] for grade in "ABC"},
    "nurture": {"material": ["Case"], "every_days": 7},
}
A_SPEND = {"channel": "expo", "campaign": "x", "day": "2025-03-10", "amount": {"minor": 1, "currency": "CNY"}}
A_NOTE = {"kind": "policy", "title": "x", "text": "y"}
READERS = {SO, TEAM_LEAD, MANAGEMENT, AM, SE}
SOMEBODY = {"company": "协和医疗", "contact": {"name": "王芳", "phone": "13800138000"}}
MAY: dict[tuple[str, str], tuple[Any, set[Role], str | None]] = {
    ("POST", "/v1/leads"): (a_capture(), {SO, AM, TEAM_LEAD}, "leads:capture"),
    ("GET", "/v1/leads"): (None, READERS, "leads:read"),
    ("GET", "/v1/leads/{lead}"): (None, READERS, "leads:read"),
    ("GET", "/v1/leads/{lead}/timeline"): (None, READERS, "leads:read"),
    ("PATCH", "/v1/leads/{lead}"): ({"size": 800}, {SO, AM}, None),
    ("POST", "/v1/leads/{lead}/qualify"): (ANSWERS["C"], {SO}, None),
    ("POST", "/v1/leads/{lead}/assign"): ({}, {SO}, None),
    ("POST", "/v1/leads/{lead}/unassign"): ({"reason": "on leave"}, {SO, AM}, None),
    ("POST", "/v1/leads/{lead}/bid"): (None, {AM}, None),
    ("GET", "/v1/leads/{lead}/grab"): (None, {AM, SO, TEAM_LEAD, MANAGEMENT}, None),
    ("GET", "/v1/pool"): (None, {AM, SO, TEAM_LEAD, MANAGEMENT}, "leads:read"),
    ("POST", "/v1/leads/{lead}/verify"): ({"channel": "call"}, {SO, AM}, None),
    ("POST", "/v1/leads/{lead}/follow-ups"): ({"channel": "call", "outcome": "Busy"}, {AM}, None),
    ("PUT", "/v1/leads/{lead}/nurture"): ({"material": ["Case"], "every_days": 7}, {SO}, None),
    ("POST", "/v1/leads/{lead}/archive"): ({"reason": "No budget"}, {SO}, None),
    ("POST", "/v1/leads/{lead}/reactivate"): (None, {SO}, None),
    ("POST", "/v1/leads/{lead}/accept"): (None, {AM}, None),
    ("POST", "/v1/leads/{lead}/discard"): ({"reason": "spam"}, {SO}, None),
    ("POST", "/v1/leads/{lead}/convert"): (None, {AM}, None),
    ("GET", "/v1/scoring"): (None, READERS, None),
    ("GET", "/v1/scoring-models"): (None, READERS, None),
    ("GET", "/v1/scoring-models/nobodys"): (None, READERS, None),
    ("GET", "/v1/scoring-models/nobodys/timeline"): (None, READERS, None),
    ("POST", "/v1/scoring-models/rights/versions"): (A_MODEL, {SO}, None),
    ("GET", "/v1/leads/{lead}/routing"): (None, {SO}, None),
    ("GET", "/v1/routing"): (None, READERS, None),
    ("GET", "/v1/routing/timeline"): (None, READERS, None),
    ("POST", "/v1/routing/versions"): ({"rules": [{"name": "everybody"}]}, {SO}, None),
    ("POST", "/v1/routing/try"): ({}, {SO}, None),
    ("GET", "/v1/sops"): (None, READERS, None),
    ("GET", "/v1/sops/timeline"): (None, READERS, None),
    ("POST", "/v1/sops/versions"): (SOME_SOPS, {SO}, None),
    ("POST", "/v1/sops/try"): ({"grade": "A"}, {SO}, None),
    ("GET", "/v1/leads/export"): (None, READERS, "leads:read"),
    ("POST", "/v1/lists"): ({"name": "mine", "filter": {}}, READERS, None),
    ("GET", "/v1/lists"): (None, READERS, None),
    ("DELETE", "/v1/lists/nobodys"): (None, READERS, None),
    ("GET", "/v1/lists/nobodys/leads"): (None, READERS, None),
    ("GET", "/v1/lists/nobodys/timeline"): (None, READERS, None),
    ("POST", "/v1/forms"): ({"name": "rights"}, {SO}, None),
    ("GET", "/v1/forms"): (None, {SO}, None),
    ("GET", "/v1/forms/nobodys/timeline"): (None, {SO}, None),
    ("POST", "/v1/forms/nobodys/revoke"): (None, {SO}, None),
    ("GET", "/v1/reports/channels?first=2025-01-01&last=2025-12-31"): (None, {SO, MANAGEMENT}, "leads:read"),
    ("GET", "/v1/reports/violations?first=2025-01-01&last=2025-12-31"): (
        None,
        {SO, TEAM_LEAD, MANAGEMENT},
        "leads:read",
    ),
    ("GET", "/v1/reports/violations/silence/events?first=2025-01-01&last=2025-12-31"): (
        None,
        {SO, TEAM_LEAD, MANAGEMENT},
        "leads:read",
    ),
    ("POST", "/v1/campaigns/spend"): (A_SPEND, {SO}, None),
    ("GET", "/v1/campaigns"): (None, {SO, MANAGEMENT}, "leads:read"),
    ("GET", "/v1/campaigns/nobodys/timeline"): (None, {SO, MANAGEMENT}, "leads:read"),
    ("POST", "/v1/notes"): (A_NOTE, READERS, None),
    ("GET", "/v1/notes"): (None, READERS, None),
    ("GET", "/v1/notes/nobodys"): (None, READERS, None),
    ("PUT", "/v1/notes/nobodys"): (A_NOTE, READERS, None),
    ("GET", "/v1/notes/nobodys/timeline"): (None, READERS, None),
    ("POST", "/v1/leads/{lead}/notes"): ({"note_id": "nobodys"}, {SO, AM}, None),
    ("POST", "/v1/leads/batch"): ({"leads": [a_capture()]}, {SO, AM, TEAM_LEAD}, "leads:capture"),
    ("POST", "/v1/imports"): ({"name": "visitors"}, {SO}, "leads:import"),
    ("GET", "/v1/imports"): (None, {SO}, "leads:import"),
    ("GET", "/v1/imports/nobodys"): (None, {SO}, "leads:import"),
    ("GET", "/v1/imports/nobodys/timeline"): (None, {SO}, "leads:import"),
    ("GET", "/v1/imports/nobodys/rows"): (None, {SO}, "leads:import"),
    ("PUT", "/v1/imports/nobodys/file"): (None, {SO}, "leads:import"),
    ("PUT", "/v1/imports/nobodys/mapping"): ({"mapping": {}}, {SO}, "leads:import"),
    ("POST", "/v1/imports/nobodys/start"): (None, {SO}, "leads:import"),
    ("POST", "/v1/imports/nobodys/undo"): ({"reason": "last year's"}, {SO}, "leads:import"),
    ("POST", "/v1/duplicates/check"): (SOMEBODY, {SO, TEAM_LEAD}, "leads:read"),
    ("GET", "/v1/suggestions"): (None, {SO}, None),
    ("GET", "/v1/suggestions/nobody"): (None, {SO}, None),
    ("GET", "/v1/suggestions/nobody/timeline"): (None, {SO}, None),
    ("POST", "/v1/suggestions/nobody/confirm"): (None, {SO}, None),
    ("POST", "/v1/suggestions/nobody/dismiss"): (None, {SO}, None),
    ("POST", "/v1/routing/what-if"): ({"routing": 1}, {SO, MANAGEMENT}, None),
    ("POST", "/v1/scoring/try"): (ANSWERS["A"] | {"channel": "expo"}, {SO, MANAGEMENT}, None),
    ("POST", "/v1/scoring/what-if"): ({"model": A_MODEL}, {SO, MANAGEMENT}, None),
    ("POST", "/v1/leads/{lead}/merge"): ({"into": "nobody"}, {SO}, None),
    ("POST", "/v1/leads/{lead}/unmerge"): (None, {SO}, None),
}
"""Method and path; body, the roles that may, and the scope that lets a machine."""
SCOPES = ("leads:capture", "leads:import", "leads:read")
FOR_ANYBODY = {"/livez", "/readyz", "/metrics", "/v1/public/forms/{key}"}


async def test_every_route_has_its_row(desk: Desk) -> None:
    paths = (await done(desk.client.get("/openapi.json")))["paths"]
    routes = {(method.upper(), path) for path in paths.keys() - FOR_ANYBODY for method in paths[path]}
    without = {
        (method, path)
        for method, path in routes
        if not any(method == known and _is(path, row, routes) for known, row in MAY)
    }
    assert without == set()


def _is(path: str, row: str, routes: set[tuple[str, str]]) -> bool:
    """Whether a row is about this path, and not about one that is spelt out."""
    row = row.partition("?")[0]
    if row in {each for _, each in routes}:
        return row == path
    return re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), row) is not None


@pytest.mark.parametrize(("method", "path"), MAY)
async def test_every_route_is_for_its_roles_and_scope_only(desk: Desk, method: str, path: str) -> None:
    body, roles, scope = MAY[method, path]
    lead = await desk.lead(to=LI)
    url = path.format(lead=lead["id"])
    assert problem(await desk.client.request(method, url, json=body)) == (401, "no-token")
    forged = {"Authorization": "Bearer e30.e30.e30"}
    assert problem(await desk.client.request(method, url, json=body, headers=forged)) == (401, "bad-token")
    people = {role: desk.client.as_({AM: LI, SE: WANG}.get(role, f"{role}.1"), role) for role in Role}
    refused = {role for role, one in people.items() if (await one.request(method, url, json=body)).status_code == 403}
    assert refused == set(Role) - roles
    machines = {scope: desk.client.as_("form", Role.MACHINE, scopes=(scope,)) for scope in SCOPES}
    let_in = {name for name, one in machines.items() if (await one.request(method, url, json=body)).status_code != 403}
    assert let_in == ({scope} if scope else set())


async def test_who_is_refused_changes_nothing(desk: Desk) -> None:
    lead = await desk.lead("B")
    for action, body in (("qualify", ANSWERS["A"]), ("assign", {"am_id": CHEN}), ("discard", {"reason": "mine"})):
        assert problem(await desk.am().post(f"/v1/leads/{lead['id']}/{action}", json=body)) == (403, "not-allowed")
    assert await desk.get(lead["id"]) == lead


async def test_an_am_sees_and_works_on_own_leads_only(desk: Desk) -> None:
    mine, theirs, nobodys = await desk.lead(to=LI), await desk.lead(to=CHEN), await desk.lead("B")
    for path in ("", "/timeline"):
        assert (await desk.am().get(f"/v1/leads/{mine['id']}{path}")).status_code == 200
        for lead in (theirs, nobodys):
            assert problem(await desk.am().get(f"/v1/leads/{lead['id']}{path}")) == (403, "not-your-lead")
    assert problem(await desk.am().post(f"/v1/leads/{theirs['id']}/accept")) == (403, "not-your-lead")
    await done(desk.am(CHEN).post(f"/v1/leads/{theirs['id']}/accept"))
    assert problem(await desk.am().post(f"/v1/leads/{theirs['id']}/convert")) == (403, "not-your-lead")
    assert await desk.happened(theirs["id"]) == ["captured", "qualified", "assigned", "accepted"]


async def test_a_team_lead_sees_the_leads_of_the_team_only(desk: Desk) -> None:
    of_li, of_chen = await desk.lead(to=LI), await desk.lead(to=CHEN)
    team_lead = desk.client.as_("team_lead.1", TEAM_LEAD)
    for path in ("", "/timeline"):
        assert (await team_lead.get(f"/v1/leads/{of_li['id']}{path}")).status_code == 200
        assert problem(await team_lead.get(f"/v1/leads/{of_chen['id']}{path}")) == (403, "not-your-lead")
    listed = {lead["am_id"] for lead in (await done(team_lead.get("/v1/leads", params={"limit": 200})))["items"]}
    assert listed == {LI}
    assert (await done(desk.client.as_("team_lead.2", TEAM_LEAD).get("/v1/leads")))["items"] == []


async def test_the_copied_se_sees_the_lead_and_another_does_not(desk: Desk) -> None:
    lead = await desk.lead(to=LI)
    for path in ("", "/timeline"):
        assert (await desk.client.as_(WANG, SE).get(f"/v1/leads/{lead['id']}{path}")).status_code == 200
        other = desk.client.as_(ZHOU, SE)
        assert problem(await other.get(f"/v1/leads/{lead['id']}{path}")) == (403, "not-your-lead")


async def test_whoever_captures_a_known_person_learns_nothing_about_them(desk: Desk) -> None:
    known = await desk.lead(to=CHEN, need="Secret", cost={"minor": 1, "currency": "CNY"})
    form = desk.client.as_("web.form", Role.MACHINE, scopes=("leads:capture",))
    for captor in (form, desk.am()):
        answer = await captor.post("/v1/leads", json=a_capture(contact=known["contact"]))
        assert set(answer.json()) == {"id", "version", "status", "captures"}
    assert (await form.get(f"/v1/leads/{known['id']}")).status_code == 403


async def test_a_lead_that_nobody_knows_is_not_found(desk: Desk) -> None:
    for path in ("", "/timeline"):
        assert problem(await desk.so.get(f"/v1/leads/nobody{path}")) == (404, "not-found")
    for action, body in (("qualify", ANSWERS["A"]), ("assign", {}), ("discard", {"reason": "spam"})):
        assert problem(await desk.so.post(f"/v1/leads/nobody/{action}", json=body)) == (404, "not-found")
    for action in ("accept", "convert"):
        assert problem(await desk.am().post(f"/v1/leads/nobody/{action}")) == (404, "not-found")
