"""Who may do what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from httpx import Response
from integration.pipeline.desk import A_QUOTE, Desk, done, refused
from support.service import Client
from unit.pipeline.builders import AM, SE, a_past_deal

from dealwire.catalogue.common import Role

EVERYBODY = tuple(role for role in Role if role is not Role.MACHINE)
READERS = (Role.AM, Role.SE, Role.SO, Role.TEAM_LEAD, Role.MANAGEMENT, Role.FINANCE, Role.LEGAL)
HANDING_OVER = (Role.SO, Role.MANAGEMENT)
DEAL = "/v1/opportunities/none"
IMPORT = {"source": "crm", "deals": [a_past_deal().model_dump(mode="json")]}


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    roles: Sequence[Role]
    scope: str | None = None
    body: Any = None

    async def by(self, client: Client) -> Response:
        return await client.request(self.method, self.path, json=self.body)


OPERATIONS = [
    Operation("GET", "/v1/accounts", EVERYBODY, "accounts:read"),
    Operation("GET", "/v1/accounts/none", EVERYBODY, "accounts:read"),
    Operation("GET", "/v1/accounts/none/timeline", EVERYBODY, "accounts:read"),
    Operation("POST", "/v1/accounts/none/assign", HANDING_OVER, body={"am_id": AM}),
    Operation("GET", "/v1/opportunities", READERS, "opportunities:read"),
    Operation("GET", DEAL, READERS, "opportunities:read"),
    Operation("GET", f"{DEAL}/timeline", READERS, "opportunities:read"),
    Operation("POST", "/v1/opportunities", [Role.AM], body={"account_id": "none", "title": "x"}),
    Operation("POST", f"{DEAL}/move", [Role.AM], body={"stage": "needs"}),
    Operation("POST", f"{DEAL}/lose", [Role.AM], body={"reason": "price"}),
    Operation("POST", f"{DEAL}/se", [Role.AM], body={"se_id": SE}),
    Operation("POST", f"{DEAL}/assign", HANDING_OVER, body={"am_id": AM}),
    Operation("POST", f"{DEAL}/notes", [Role.AM, Role.SO], body={"note_id": "none"}),
    Operation("POST", f"{DEAL}/quotes", [Role.AM], body=A_QUOTE),
    Operation("POST", f"{DEAL}/quotes/none/confirm", [Role.AM, Role.SE]),
    Operation("POST", f"{DEAL}/quotes/none/send", [Role.AM]),
    Operation("POST", f"{DEAL}/quotes/none/accept", [Role.AM]),
    Operation("POST", "/v1/imports/deals", [Role.SO], "deals:import", IMPORT),
    Operation("POST", "/v1/imports/accounts", [Role.SO], "accounts:import", {"accounts": [{"name": "x", "owner": AM}]}),
]


async def test_an_operation_is_for_its_roles_and_its_scope_only(desk: Desk) -> None:
    for operation in OPERATIONS:
        for role in Role:
            response = await operation.by(desk.anybody.as_("somebody", role))
            assert (response.status_code == 403) is (role not in operation.roles), (operation, role, response.text)
        for scope in ("accounts:read", "opportunities:read", "deals:import", "accounts:import", "leads:read"):
            response = await operation.by(desk.anybody.as_("crm.sync", Role.MACHINE, scopes=(scope,)))
            assert (response.status_code == 403) is (scope != operation.scope), (operation, scope, response.text)
        refused(await operation.by(desk.anybody), 401, "no-token")


async def test_an_am_and_an_se_see_their_own_deals_only(desk: Desk) -> None:
    own, others = await desk.a_deal(am_id="am.wu", se_id="se.wu"), await desk.a_deal()

    for who in (desk.anybody.as_("am.wu", Role.AM), desk.anybody.as_("se.wu", Role.SE)):
        assert [deal["id"] for deal in done(await who.get("/v1/opportunities"))["items"]] == [own]
        refused(await who.get(f"/v1/opportunities/{others}"), 403, "not-your-deal")
        refused(await who.get(f"/v1/opportunities/{others}/timeline"), 403, "not-your-deal")
        assert done(await who.get("/v1/opportunities", params={"am_id": AM}))["items"] == []
    for role in (Role.SO, Role.TEAM_LEAD, Role.MANAGEMENT, Role.FINANCE, Role.LEGAL):
        everything = done(await desk.anybody.as_("somebody", role).get("/v1/opportunities"))["items"]
        assert {own, others} <= {deal["id"] for deal in everything}


async def test_an_am_works_on_their_own_deals_only(desk: Desk) -> None:
    path, quote = await desk.a_quoted_deal()

    for step, body in (
        (f"{path}/move", {"stage": "needs"}),
        (f"{path}/lose", {"reason": "price"}),
        (f"{path}/se", {"se_id": "se.zhao"}),
        (f"{path}/quotes", A_QUOTE),
        (f"{quote}/confirm", None),
        (f"{quote}/send", None),
        (f"{quote}/accept", None),
    ):
        refused(await desk.other_am.post(step, json=body), 403, "not-your-deal")
    assert done(await desk.anybody.as_(AM, Role.AM).get(path))["stage"] == "quote"
