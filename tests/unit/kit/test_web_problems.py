from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import APIRouter
from starlette.responses import StreamingResponse
from starlette.types import Message
from structlog.testing import capture_logs
from unit.kit.webs import a_web_app, client_of, raising

from dealwire.errors import (
    Conflict,
    DealwireError,
    Forbidden,
    NotFound,
    Rejected,
    StaleVersion,
    Unauthenticated,
    Unavailable,
)
from dealwire.kit.web import cross_origin
from dealwire.kit.web.problems import STATUS, Malformed


async def test_an_unknown_path_is_a_problem() -> None:
    async with client_of(a_web_app()) as client:
        response = await client.get("/v1/nothing")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:dealwire:problem:no-such-path",
        "title": "No such path",
        "status": 404,
        "detail": "There is nothing at this path.",
        "trace_id": response.headers["traceparent"].split("-")[1],
    }


async def test_a_method_that_a_path_does_not_take_is_told_all_that_it_does() -> None:
    async with client_of(a_web_app()) as client:
        response = await client.delete("/v1/notes")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"
    assert response.json()["type"] == "urn:dealwire:problem:method-not-allowed"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (NotFound, 404),
        (Conflict, 409),
        (StaleVersion, 412),
        (Rejected, 422),
        (Malformed, 400),
        (Unauthenticated, 401),
        (Forbidden, 403),
        (Unavailable, 503),
    ],
)
async def test_each_kind_of_no_has_its_status(kind: type[DealwireError], status: int) -> None:
    async with client_of(a_web_app(raising(kind("too-blue", "Es ist zu blau: 蓝.")))) as client:
        response = await client.get("/v1/fail")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "urn:dealwire:problem:too-blue"
    assert problem["detail"] == "Es ist zu blau: 蓝."
    assert problem["status"] == status


def test_no_error_of_the_tree_is_without_a_status() -> None:
    assert set(DealwireError.__subclasses__()) <= STATUS.keys()


async def test_an_error_says_which_field_or_parameter_it_is_about() -> None:
    async with client_of(a_web_app(raising(Rejected("bad", "No.", pointer="/contact/phone")))) as client:
        assert (await client.get("/v1/fail")).json()["errors"] == [{"pointer": "/contact/phone", "detail": "No."}]
    async with client_of(a_web_app(raising(Rejected("bad", "No.", pointer="cursor")))) as client:
        assert (await client.get("/v1/fail")).json()["errors"] == [{"parameter": "cursor", "detail": "No."}]


async def test_who_has_no_token_is_told_how_to_bring_one_and_who_comes_too_early_when_to_come_back() -> None:
    async with client_of(a_web_app(raising(Unauthenticated("no-token", "No.")))) as client:
        assert (await client.get("/v1/fail")).headers["www-authenticate"] == "Bearer"
    async with client_of(a_web_app(raising(Unavailable("away", "Later.")))) as client:
        assert (await client.get("/v1/fail")).headers["retry-after"] == "5"


async def test_an_invalid_body_is_told_with_a_pointer_to_every_field() -> None:
    note = {"tags": [{"name": "ok"}, {"name": "x"}], "more": {"a/b~c": {"name": "y"}}}
    async with client_of(a_web_app()) as client:
        response = await client.post("/v1/notes", json=note)
    assert response.status_code == 422
    assert {error["pointer"] for error in response.json()["errors"]} == {"/text", "/tags/1/name", "/more/a~1b~0c/name"}
    assert all(error["detail"] for error in response.json()["errors"])


async def test_an_invalid_query_is_told_with_the_name_of_the_parameter() -> None:
    async with client_of(a_web_app()) as client:
        response = await client.get("/v1/notes?limit=201")
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"parameter": "limit", "detail": "Input should be less than or equal to 200"},
    ]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", None])
async def test_a_body_that_does_not_say_that_it_is_json_is_not_taken(content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    async with client_of(a_web_app()) as client:
        response = await client.post("/v1/notes", content=b'{"text": "x"}', headers=headers)
    assert response.status_code == 415
    assert response.json()["type"] == "urn:dealwire:problem:unsupported-media-type"


async def test_what_nobody_expected_is_answered_without_internals_and_logged_once_with_its_trace() -> None:
    async with client_of(a_web_app(raising(RuntimeError("the password is 1234")))) as client:
        with capture_logs() as logs:
            response = await client.get("/v1/fail")
    assert response.status_code == 500
    assert response.json()["type"] == "urn:dealwire:problem:internal-error"
    assert "1234" not in response.text
    [error] = [line for line in logs if line["log_level"] == "error"]
    assert error["exc_info"]
    [request] = [line for line in logs if line["event"] == "request"]
    assert request["status"] == 500
    assert request["request_id"] == response.headers["traceparent"].split("-")[2]


async def test_an_error_in_the_middle_of_an_answer_breaks_the_connection() -> None:
    router = APIRouter()

    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("no more")

    @router.get("/v1/half")
    async def answer_half() -> StreamingResponse:
        return StreamingResponse(half())

    async with client_of(a_web_app(router)) as client:
        with pytest.raises(RuntimeError, match="no more"):
            await client.get("/v1/half")


async def test_a_client_that_leaves_while_it_sends_is_no_error() -> None:
    messages: Iterator[Message] = iter(
        [{"type": "http.request", "body": b'{"te', "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/notes",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"20")],
    }
    with capture_logs() as logs:
        await a_web_app()(scope, receive, send)
    assert sent == []
    assert [(line["event"], line["status"]) for line in logs] == [("request", 499)]


async def test_a_sentence_that_is_no_unicode_text_is_answered_all_the_same() -> None:
    async with client_of(a_web_app(raising(Rejected("odd", "odd: \ud800")))) as client:
        response = await client.get("/v1/fail")
    assert response.status_code == 422
    assert response.json()["detail"] == "odd: ?"


async def test_what_nobody_caught_can_be_read_from_another_site_where_the_route_says_so() -> None:
    router = APIRouter()

    @router.get("/open", openapi_extra=cross_origin())
    @router.get("/closed")
    async def fail() -> None:
        raise RuntimeError("nobody expects this")

    async with client_of(a_web_app(router)) as client:
        for path, origin in (("/open", "*"), ("/closed", None)):
            response = await client.get(path)
            assert (response.status_code, response.headers.get("access-control-allow-origin")) == (500, origin)
