"""Who may do what: every route, for every role."""

from __future__ import annotations

import httpx
from integration.contract.office import STANDARD, Office, a_receipt, a_signature, today
from support.service import Client

from dealwire.catalogue.common import Role

SO, LEGAL, FINANCE, CS, TEAM_LEAD, MANAGEMENT, AM = (
    Role.SO,
    Role.LEGAL,
    Role.FINANCE,
    Role.CS,
    Role.TEAM_LEAD,
    Role.MANAGEMENT,
    Role.AM,
)
READ_CONTRACTS = {SO, LEGAL, FINANCE, TEAM_LEAD, MANAGEMENT, AM}
READ_ORDERS = READ_CONTRACTS | {CS}
DELIVERED = {"delivered_on": today().isoformat()}

MAY = (
    ("GET", "/v1/contracts", None, READ_CONTRACTS, "contracts:read"),
    ("GET", "/v1/contracts/{contract}", None, READ_CONTRACTS, "contracts:read"),
    ("GET", "/v1/contracts/{contract}/timeline", None, READ_CONTRACTS, "contracts:read"),
    ("GET", "/v1/contracts/{contract}/payments", None, READ_CONTRACTS, "contracts:read"),
    ("PUT", "/v1/contracts/{contract}/terms", {"clauses": [STANDARD]}, {AM}, None),
    ("POST", "/v1/contracts/{contract}/submit", None, {AM}, None),
    ("POST", "/v1/contracts/{contract}/reviews/sales_ops", {"approved": True}, {SO}, None),
    ("POST", "/v1/contracts/{contract}/reviews/legal", {"approved": True}, {LEGAL}, None),
    ("POST", "/v1/contracts/{contract}/reviews/finance", {"approved": True}, {FINANCE}, None),
    ("POST", "/v1/contracts/{contract}/sign", a_signature(document_sha256="b" * 64), {AM}, None),
    ("POST", "/v1/contracts/{contract}/receipts", a_receipt(10**9), {FINANCE}, None),
    ("GET", "/v1/orders", None, READ_ORDERS, "orders:read"),
    ("GET", "/v1/orders/{order}", None, READ_ORDERS, "orders:read"),
    ("GET", "/v1/orders/{order}/timeline", None, READ_ORDERS, "orders:read"),
    ("POST", "/v1/orders/{order}/acceptances/production", None, {SO}, "orders:accept"),
    ("POST", "/v1/orders/{order}/acceptances/delivery", None, {SO}, "orders:accept"),
    ("POST", "/v1/orders/{order}/deliver", DELIVERED, {CS}, "orders:deliver"),
    ("POST", "/v1/orders/{order}/acceptances/service", None, {CS}, None),
)
"""Method, path, body, the roles that may and the scope that lets a machine."""


async def test_every_route_is_for_its_roles_and_scope_only(office: Office) -> None:
    contract = await office.signed()
    order = await office.order_of(contract)
    machine = {scope: office.client.as_("erp", Role.MACHINE, scopes=(scope,)) for scope in SCOPES}
    people = {role: office.client.as_(contract["am_id"] if role is AM else f"{role}.1", role) for role in Role}
    for method, template, body, roles, scope in MAY:
        path = template.format(contract=contract["id"], order=order["id"])

        async def ask(client: Client, method: str = method, path: str = path, body: object = body) -> httpx.Response:
            return await client.request(method, path, json=body)

        assert (await ask(office.client)).status_code == 401, f"{method} {template} without a token"
        refused = {role for role, client in people.items() if (await ask(client)).status_code == 403}
        assert refused == set(Role) - roles, f"{method} {template}"
        allowed = {name for name, client in machine.items() if (await ask(client)).status_code != 403}
        assert allowed == ({scope} if scope else set()), f"{method} {template}"


SCOPES = {scope for *_, scope in MAY if scope}


async def test_an_am_sees_and_works_on_own_contracts_and_orders_only(office: Office) -> None:
    mine, theirs = await office.signed(am_id="am.wang"), await office.signed(am_id="am.chen")
    am = office.client.as_("am.wang", AM)
    order = await office.order_of(theirs)
    for path in ("", "/timeline", "/payments"):
        assert (await am.get(f"/v1/contracts/{theirs['id']}{path}")).status_code == 403
    for path in ("", "/timeline"):
        assert (await am.get(f"/v1/orders/{order['id']}{path}")).status_code == 403
    for what, expected in (("contracts", mine), ("orders", await office.order_of(mine))):
        for query in ({}, {"am_id": "am.wang"}):
            listed = (await am.get(f"/v1/{what}", params=query)).json()["items"]
            assert [each["id"] for each in listed] == [expected["id"]]
        assert (await am.get(f"/v1/{what}", params={"am_id": "am.chen"})).json()["items"] == []

    draft = await office.a_draft(am_id="am.chen")
    for method, path, body in (
        ("PUT", "terms", {"clauses": [STANDARD]}),
        ("POST", "submit", None),
        ("POST", "sign", a_signature()),
    ):
        answer = await am.request(method, f"/v1/contracts/{draft['id']}/{path}", json=body)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:dealwire:problem:not-your-contract")


async def test_nobody_reviews_a_contract_of_their_own(office: Office) -> None:
    contract = await office.in_review()
    both = office.client.as_(contract["am_id"], AM, FINANCE)
    answer = await both.post(f"/v1/contracts/{contract['id']}/reviews/finance", json={"approved": True})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:dealwire:problem:own-contract")
