"""Who may do what: every route, for every role and scope."""

from __future__ import annotations

from typing import Any

import pytest
from support.service import Client

from dealwire.catalogue.common import Role

EVERYBODY = set(Role) - {Role.MACHINE}
STAFFING = {Role.SO, Role.MANAGEMENT}

MAY: dict[tuple[str, str], tuple[Any, set[Role], str | None]] = {
    ("PUT", "/v1/teams/{team_id}"): ({"name": "North"}, STAFFING, "people:write"),
    ("GET", "/v1/teams"): (None, EVERYBODY, "people:read"),
    ("GET", "/v1/teams/{team_id}"): (None, EVERYBODY, "people:read"),
    ("GET", "/v1/teams/{team_id}/timeline"): (None, STAFFING, "people:write"),
    ("PUT", "/v1/members/{member_id}"): ({"name": "Li", "roles": ["am"]}, STAFFING, "people:write"),
    ("GET", "/v1/members"): (None, EVERYBODY, "people:read"),
    ("GET", "/v1/members/{member_id}"): (None, EVERYBODY, "people:read"),
    ("GET", "/v1/members/{member_id}/timeline"): (None, STAFFING, "people:write"),
    ("GET", "/v1/members/{member_id}/performance"): (None, EVERYBODY, "figures:read"),
    ("GET", "/v1/scorecards/company"): (None, EVERYBODY, "figures:read"),
    ("GET", "/v1/scorecards/teams/{team_id}"): (None, EVERYBODY, "figures:read"),
    ("GET", "/v1/scorecards/members/{member_id}"): (None, EVERYBODY, "figures:read"),
    ("GET", "/v1/ranking"): (None, EVERYBODY, "figures:read"),
    ("GET", "/v1/funnel"): (None, EVERYBODY, "figures:read"),
    ("GET", "/v1/bonus-pools/{month}"): (None, EVERYBODY, "figures:read"),
    ("GET", "/v1/facts"): (None, EVERYBODY, "figures:read"),
    ("POST", "/v1/rebuild"): (None, STAFFING, None),
}
"""Method and path; body, the roles that may, and the scope that lets a machine."""
SCOPES = ("people:read", "people:write", "figures:read", "facts:read", "leads:read")
FOR_ANYBODY = {"/livez", "/readyz", "/metrics"}


async def test_every_route_has_its_row(kpi: Client) -> None:
    paths = (await kpi.get("/openapi.json")).json()["paths"]
    assert {(method.upper(), path) for path in paths.keys() - FOR_ANYBODY for method in paths[path]} == MAY.keys()


@pytest.mark.parametrize(("method", "path"), MAY)
async def test_people_read_people_and_figures_and_machines_with_the_scope_for_it(
    kpi: Client, method: str, path: str
) -> None:
    body, roles, scope = MAY[method, path]
    url = path.format(team_id="north", member_id="am.li", month="2017-03")

    async def let_in(*roles: str, scopes: tuple[str, ...] = ()) -> bool:
        answer = await kpi.as_("somebody", *roles, scopes=scopes).request(method, url, json=body)
        return answer.status_code != 403

    assert {role for role in Role if await let_in(role)} == roles
    assert {each for each in SCOPES if await let_in(Role.MACHINE, scopes=(each,))} == ({scope} if scope else set())
    assert not await let_in()
