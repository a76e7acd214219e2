"""Repeated, simultaneous, stale and malformed requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from integration.contract.office import SPECIAL, STANDARD, Office, a_receipt, a_signature, done

from dealwire.catalogue.common import Role


async def test_a_receipt_sent_again_under_its_key_counts_once(office: Office) -> None:
    contract = await office.signed()
    path = f"/v1/contracts/{contract['id']}/receipts"
    key = {"Idempotency-Key": "transfer-1"}
    first = await office.finance.post(path, json=a_receipt(), headers=key)
    again = await office.finance.post(path, json=a_receipt(), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = await office.finance.post(path, json=a_receipt(1), headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:dealwire:problem:idempotency-key-reused")
    assert (await office.happened(f"/v1/contracts/{contract['id']}")).count("payment.received.v1") == 1


@pytest.mark.parametrize("keyed", [True, False])
async def test_a_receipt_sent_ten_times_at_once_counts_once(office: Office, keyed: bool) -> None:
    contract = await office.signed()
    path = f"/v1/contracts/{contract['id']}"
    headers = {"Idempotency-Key": "transfer-1"} if keyed else {}
    answers = await asyncio.gather(
        *(office.finance.post(f"{path}/receipts", json=a_receipt(), headers=headers) for _ in range(10))
    )
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert answers[0].json()["paid"]["minor"] == 40_000
    assert (await office.happened(path)).count("payment.received.v1") == 1


async def test_of_receipts_that_together_exceed_what_is_outstanding_only_those_that_fit_count(office: Office) -> None:
    contract = await office.signed()
    path = f"/v1/contracts/{contract['id']}/receipts"
    receipts = [a_receipt(40_000, reference=f"BANK-{number}") for number in range(4)]
    answers = await asyncio.gather(*(office.finance.post(path, json=receipt) for receipt in receipts))
    assert Counter(answer.status_code for answer in answers) == {201: 2, 422: 2}


async def test_desks_that_decide_at_the_same_moment_approve_the_contract_once(office: Office) -> None:
    contract = await office.in_review([SPECIAL])
    answers = await asyncio.gather(*(office.review(contract, desk) for desk in contract["desks"] * 2))
    assert {answer.status_code for answer in answers} == {200}
    happened = Counter(await office.happened(f"/v1/contracts/{contract['id']}"))
    assert (happened["contract.reviewed.v1"], happened["contract.approved.v1"]) == (3, 1)


async def test_of_two_signatures_at_once_one_stands(office: Office) -> None:
    contract = await office.approved()
    path = f"/v1/contracts/{contract['id']}"
    answers = await asyncio.gather(
        *(office.am.post(f"{path}/sign", json=a_signature(document_sha256=digit * 64)) for digit in "ab")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert (await office.happened(path)).count("contract.signed.v1") == 1


async def test_whoever_looked_at_an_older_version_is_told_so(office: Office) -> None:
    contract = await office.a_draft()
    path = f"/v1/contracts/{contract['id']}"
    seen = (await office.am.get(path)).headers["etag"]
    terms = {"clauses": [STANDARD, SPECIAL]}
    changed = await office.am.put(f"{path}/terms", json=terms, headers={"If-Match": seen})
    assert changed.status_code == 200
    stale = await office.am.post(f"{path}/submit", headers={"If-Match": seen})
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:dealwire:problem:stale-version")
    assert (await done(office.am.get(path)))["status"] == "draft"
    fresh = await office.am.post(f"{path}/submit", headers={"If-Match": changed.headers["etag"]})
    assert fresh.json()["status"] == "in_review"


def _plan(**amount: Any) -> dict[str, Any]:
    return {"clauses": [STANDARD], "payment_plan": [{"due_on": "2030-01-01", "amount": amount}]}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"clauses": [{"kind": "special", "text": "x"}]}, "/clauses/0"),
        ({"clauses": [{"kind": "standard", "topic": "ip", "text": "x"}]}, "/clauses/0"),
        ({"clauses": [{"kind": "standard", "text": "  "}]}, "/clauses/0/text"),
        ({"clauses": [STANDARD] * 51}, "/clauses"),
        ({"clauses": [STANDARD], "discount": 5}, "/discount"),
        ({}, "/clauses"),
        (_plan(minor=-1, currency="CNY"), "/payment_plan/0/amount/minor"),
        (_plan(minor=1.5, currency="CNY"), "/payment_plan/0/amount/minor"),
        (_plan(minor=10**18, currency="CNY"), "/payment_plan/0/amount/minor"),
        (_plan(minor=100_000, currency="XXQ"), "/payment_plan/0/amount/currency"),
        (_plan(minor=100_000, currency="USD"), "/payment_plan/0/amount"),
        (_plan(minor=99_999, currency="CNY"), "/payment_plan"),
    ],
)
async def test_terms_that_make_no_sense_are_refused_with_the_field_at_fault(
    office: Office, body: dict[str, Any], pointer: str
) -> None:
    contract = await office.a_draft()
    path = f"/v1/contracts/{contract['id']}"
    answer = await office.am.put(f"{path}/terms", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert (await done(office.am.get(path)))["version"] == contract["version"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"signatories": [{"name": "王总", "party": "ours"}]}, "/signatories"),
        ({"signatories": [{"name": "王总", "party": "bank"}]}, "/signatories/0/party"),
        ({"document_sha256": "A" * 64}, "/document_sha256"),
        ({"signed_on": "2999-01-01"}, "/signed_on"),
        ({"signed_on": "2020-01-01"}, "/signed_on"),
        ({"signed_on": "yesterday"}, "/signed_on"),
    ],
)
async def test_a_signature_that_makes_no_sense_is_refused_with_the_field_at_fault(
    office: Office, change: dict[str, Any], pointer: str
) -> None:
    contract = await office.approved()
    answer = await office.am.post(f"/v1/contracts/{contract['id']}/sign", json=a_signature(**change))
    assert answer.status_code == 422, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("path", ["contracts/nobody", "contracts/nobody/payments", "orders/nobody"])
async def test_there_is_nothing_under_an_unknown_id(office: Office, path: str) -> None:
    assert (await office.reader.get(f"/v1/{path}")).status_code == 404
    so = office.client.as_("so.1", Role.SO)
    assert (await so.post("/v1/orders/nobody/acceptances/production")).status_code == 404
    assert (await so.post("/v1/orders/nobody/acceptances/kitchen")).status_code == 422
