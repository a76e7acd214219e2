from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from unit.kit.webs import a_token, a_web_app, client_of

from dealwire.event import derived_id

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "Bearer ", "nonsense"])
async def test_nobody_gets_in_without_a_token(header: str) -> None:
    async with client_of(a_web_app()) as client:
        response = await client.get("/v1/notes", headers={"Authorization": header})
    assert response.status_code == 401
    assert response.json()["type"] == "urn:dealwire:problem:no-token"


async def test_a_token_that_does_not_hold_is_unauthenticated() -> None:
    async with client_of(a_web_app(), token="x.y.z") as client:
        response = await client.get("/v1/notes")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["type"] == "urn:dealwire:problem:bad-token"


@pytest.mark.parametrize("claims", [{"roles": ["editor", "x"]}, {"roles": [], "scope": "a notes:write"}])
async def test_one_of_the_roles_or_the_scope_is_enough(claims: dict[str, Any]) -> None:
    async with client_of(a_web_app(), a_token(**claims)) as client:
        assert (await client.post("/v1/notes", json={"text": "x"})).status_code == 201


@pytest.mark.parametrize("claims", [{"roles": None}, {"roles": ["notes:write"]}, {"roles": [], "scope": "writer"}])
async def test_who_has_neither_is_told_what_would_be_enough(claims: dict[str, Any]) -> None:
    async with client_of(a_web_app(), a_token(**claims)) as client:
        response = await client.post("/v1/notes", json={"text": "x"})
        assert response.status_code == 403
        assert response.json()["detail"] == "This needs the role `editor` or `writer` or the scope `notes:write`."
        assert (await client.get("/v1/notes")).status_code == 200  # this needs none


async def test_a_request_is_the_cause_of_what_it_changes() -> None:
    async with client_of(a_web_app(), a_token(sub="am.li"), client=("203.0.113.7", 4711)) as client:
        before = datetime.now(UTC)
        response = await client.put(
            "/v1/notes/7/cause",
            headers={
                "X-Correlation-Id": "import-7",
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
                "Idempotency-Key": "row/1",
                "If-Match": '"12"',
            },
        )
    cause = response.json()
    assert cause["actor"] == "am.li"
    assert abs((datetime.fromisoformat(cause["now"]) - before).total_seconds()) < 5
    assert cause["correlation_id"] == response.headers["x-correlation-id"] == "import-7"
    version, trace, span, flags = cause["traceparent"].split("-")
    assert (version, trace, flags) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "00")
    assert span != "00f067aa0ba902b7"
    assert cause["causation_id"] == span
    assert response.headers["traceparent"] == cause["traceparent"]
    assert cause["key"] == "am.li row/1"
    assert (cause["expects_record"], cause["expected_version"]) == (True, 12)
    assert cause["client"] == "203.0.113.7"
    assert cause["sequence"] is None


@pytest.mark.parametrize("correlation_id", ["", "a b", "x" * 101, "-x", "ä"])
async def test_a_correlation_id_that_could_not_stand_in_a_log_is_replaced(correlation_id: str) -> None:
    async with client_of(a_web_app()) as client:
        response = await client.get("/v1/notes", headers={b"X-Correlation-Id": correlation_id.encode()})
    assert UUID.fullmatch(response.headers["x-correlation-id"])


async def test_every_answer_carries_correlation_and_trace_also_an_error() -> None:
    async with client_of(a_web_app()) as client:
        first, second = await client.get("/v1/nothing"), await client.get("/livez")
    for response in (first, second):
        assert UUID.fullmatch(response.headers["x-correlation-id"])
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", response.headers["traceparent"])
    assert first.headers["traceparent"] != second.headers["traceparent"]


async def test_the_same_key_makes_the_same_id_for_the_same_caller_only() -> None:
    async with client_of(a_web_app()) as client:

        async def id_of(sub: str, key: str | None) -> str:
            headers = {"Authorization": f"Bearer {a_token(sub=sub)}", **({"Idempotency-Key": key} if key else {})}
            response = await client.post("/v1/notes", json={"text": "x"}, headers=headers)
            return str(response.json()["id"])

        assert await id_of("ann", "k") == await id_of("ann", "k") == derived_id("note", "ann k")
        assert await id_of("ann", "k") != await id_of("ann", "l")
        assert await id_of("ann", "k") != await id_of("bob", "k")
        assert await id_of("ann:a", "k") != await id_of("ann", "a:k")
        assert await id_of("ann", None) != await id_of("ann", None)


async def test_requests_that_differ_in_anything_have_different_fingerprints() -> None:
    async with client_of(a_web_app()) as client:

        async def fingerprint(path: str, body: bytes = b"") -> str:
            response = await client.put(path, content=body, headers={"Idempotency-Key": "k"})
            found = str(response.json()["fingerprint"])
            assert re.fullmatch("[0-9a-f]{64}", found)
            return found

        different = [
            await fingerprint("/v1/notes/1/cause"),
            await fingerprint("/v1/notes/2/cause"),
            await fingerprint("/v1/notes/1/cause?a=1"),
            await fingerprint("/v1/notes/1/cause", b"a=1"),
        ]
        assert len(set(different)) == 4
        assert await fingerprint("/v1/notes/1/cause", b"a=1") == different[3]


async def test_a_request_without_a_key_is_not_repeatable_and_one_that_only_reads_has_none() -> None:
    headers = {"Idempotency-Key": "k", "If-Match": '"1"'}
    async with client_of(a_web_app()) as client:
        without = (await client.put("/v1/notes/1/cause")).json()
        reading = (await client.get("/v1/notes/1/cause", headers=headers)).json()
    for cause in (without, reading):
        assert (cause["key"], cause["fingerprint"], cause["expected_version"]) == (None, None, None)
        assert cause["expects_record"] is False


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "ä"])
async def test_an_idempotency_key_that_is_none_is_refused(key: str) -> None:
    async with client_of(a_web_app()) as client:
        response = await client.put("/v1/notes/1/cause", headers={b"Idempotency-Key": key.encode()})
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "Idempotency-Key"


@pytest.mark.parametrize("tag", ["", "5", '"0"', '"x"', '"-1"', 'W/"5"', '"4", "5"', '"99999999999999999999"'])
async def test_an_etag_that_is_none_of_ours_is_refused(tag: str) -> None:
    async with client_of(a_web_app()) as client:
        response = await client.put("/v1/notes/1/cause", headers={"If-Match": tag})
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "If-Match"


async def test_if_match_of_any_version_expects_a_record_of_whichever() -> None:
    async with client_of(a_web_app()) as client:
        cause = (await client.put("/v1/notes/1/cause", headers={"If-Match": "*"})).json()
    assert (cause["expects_record"], cause["expected_version"]) == (True, None)
