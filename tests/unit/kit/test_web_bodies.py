from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.kit.webs import LIMIT, a_web_app, client_of

from dealwire.kit.web.bodies import _look_through
from dealwire.kit.web.problems import Refused

JSON = {"Content-Type": "application/json"}


def a_body_of(size: int) -> bytes:
    return b'{"text": "' + b"x" * (size - 12) + b'"}'


async def pieces(body: bytes, size: int = 100) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize("send", [lambda body: body, pieces], ids=["with its length", "in pieces"])
async def test_a_body_up_to_the_limit_is_taken_and_a_larger_one_is_not(send: Any) -> None:
    async with client_of(a_web_app()) as client:
        fits = await client.post("/v1/notes", content=send(a_body_of(LIMIT)), headers=JSON)
        larger = await client.post("/v1/notes", content=send(a_body_of(LIMIT + 1)), headers=JSON)
    assert fits.status_code == 201
    assert larger.status_code == 413
    assert larger.json()["type"] == "urn:dealwire:problem:body-too-large"


@pytest.mark.parametrize("send", [lambda body: body, pieces], ids=["with its length", "in pieces"])
async def test_a_route_may_take_more(send: Any) -> None:
    async with client_of(a_web_app()) as client:
        fits = await client.post("/v1/notes/uploads", content=send(b"x" * 3 * LIMIT))
        larger = await client.post("/v1/notes/uploads", content=send(b"x" * (3 * LIMIT + 1)))
    assert (fits.status_code, fits.json()) == (200, 3 * LIMIT)
    assert larger.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"text": "x"} x',
        b'{"text": NaN}',
        b'{"text": "\xff"}',
        b'{"text": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"text": "a\x00b"}',
        b'{"anything": ' + b"9" * 900 + b"}x",
        b'{"anything": ' + b"[" * 300 + b"]" * 300 + b"}",
    ],
    ids=[
        "cut off",
        "more behind it",
        "NaN",
        "no UTF-8",
        "half a surrogate pair",
        "half a pair as a name",
        "raw NUL",
        "more behind a number",
        "hundreds of levels",
    ],
)
async def test_what_is_no_json_is_malformed(body: bytes) -> None:
    async with client_of(a_web_app()) as client:
        response = await client.post("/v1/notes", content=body, headers=JSON)
    assert response.status_code == 400
    assert response.json()["type"] == "urn:dealwire:problem:malformed-json"


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ('{"a": ["x", "a\\u0000b"]}', "/anything/a/1"),
        ('{"a\\u0000b": 1}', "/anything"),
        ("9223372036854775808", "/anything"),
        ("-9223372036854775809", "/anything"),
        ("1e19", "/anything"),
        ("1e400", "/anything"),
        ("[" * 60 + "]" * 60, "/anything" + "/0" * 49),
    ],
)
async def test_json_that_no_database_holds_is_invalid_with_a_pointer(value: str, pointer: str) -> None:
    async with client_of(a_web_app()) as client:
        response = await client.post("/v1/notes", content=f'{{"text": "x", "anything": {value}}}', headers=JSON)
    assert response.status_code == 422
    assert response.json()["type"] == "urn:dealwire:problem:unstorable-value"
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    "value",
    [
        '"\\\\u0000 is how NUL is written"',
        '"9999999999999999999999"',
        "9223372036854775807",
        "-9223372036854775808",
        "1.5e-10",
        '"\\ud83d\\ude00"',
        "[" + "{}," * 100 + "{}]",
        "[" * 49 + "]" * 49,
    ],
)
async def test_unusual_json_that_can_be_stored_is_taken(value: str) -> None:
    async with client_of(a_web_app()) as client:
        response = await client.post("/v1/notes", content=f'{{"text": "x", "anything": {value}}}', headers=JSON)
    assert response.status_code == 201


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values.map(json.dumps).map(str.encode) | st.binary())
def test_whatever_passes_can_be_written_as_unicode_json_without_nul(body: bytes) -> None:
    with suppress(Refused):
        _look_through(body)
        text = json.dumps(json.loads(body), ensure_ascii=False, allow_nan=False)
        assert text.encode()
        assert "\\u0000" not in text.replace("\\\\", "")


async def test_the_body_of_a_path_that_is_not_there_is_not_looked_at() -> None:
    async with client_of(a_web_app()) as client:
        assert (await client.post("/v1/nothing", content=b"{", headers=JSON)).status_code == 404
