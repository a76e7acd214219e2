from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from unit.kit.webs import a_token, a_web_app

from dealwire.kit.settings import MIB

app = a_web_app(max_body_bytes=MIB)
document = app.openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def test_the_document_is_valid_openapi() -> None:
    validate(document)


@pytest.mark.parametrize(("method", "path", "operation"), list(operations()))
def test_every_operation_names_the_problems_it_can_answer(method: str, path: str, operation: dict[str, Any]) -> None:
    expected = {"400", "404", "422", "500", "503"}
    if path.startswith("/v1"):
        expected |= {"401", "403"}
    if method != "GET":
        expected |= {"409", "412", "413", "415"}
    problems = {status: each for status, each in operation["responses"].items() if status[0] in "45"}
    assert problems.keys() == expected
    for status, each in problems.items():
        response = document["components"]["responses"][status] if "$ref" in each else each
        assert list(response["content"].values()) == [{"schema": {"$ref": "#/components/schemas/Problem"}}]


def test_what_an_operation_needs_is_said_to_people_and_programs() -> None:
    operation = document["paths"]["/v1/notes"]["post"]
    assert operation["security"] == [{"bearerAuth": []}]
    assert operation["x-roles"] == ["editor", "writer"]
    assert operation["x-scope"] == "notes:write"
    assert operation["description"] == "Needs the role `editor` or `writer` or the scope `notes:write`."
    assert document["paths"]["/v1/notes"]["get"]["description"] == "Needs any valid token."
    assert "security" not in document["paths"]["/livez"]["get"]


def test_changing_operations_take_an_idempotency_key_and_a_version() -> None:
    def headers(operation: dict[str, Any]) -> list[str]:
        names = [each["$ref"].rpartition("/")[2] for each in operation.get("parameters", ()) if "$ref" in each]
        return [document["components"]["parameters"][name]["name"] for name in names]

    assert headers(document["paths"]["/v1/notes/{id}/cause"]["put"]) == ["Idempotency-Key", "If-Match"]
    assert headers(document["paths"]["/v1/notes/{id}/cause"]["get"]) == []


def test_fastapis_own_shape_of_an_error_is_nowhere() -> None:
    assert "HTTPValidationError" not in str(document)
    assert document["components"]["schemas"].keys() >= {"Problem", "Fault"}


def test_another_limit_of_the_body_is_documented() -> None:
    assert document["paths"]["/v1/notes/uploads"]["post"]["x-max-body-bytes"] == 3000


def operations_to_try() -> Iterator[APIOperation[Any, Any, Any, Any]]:
    for found in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations():
        assert isinstance(found, Ok)
        yield found.ok()


@pytest.mark.parametrize("operation", list(operations_to_try()), ids=lambda operation: operation.label)
@settings(max_examples=40)
@given(data=st.data())
def test_whatever_is_sent_is_answered_as_documented(
    operation: APIOperation[Any, Any, Any, Any], data: st.DataObject
) -> None:
    data.draw(operation.as_strategy()).call_and_validate(
        headers={"Authorization": f"Bearer {a_token()}"},
        # Readers are lenient on purpose (unknown fields are ignored, 1.0 is an integer), and strict where no schema
        # says so (a NUL in a text): neither is what this is about.
        excluded_checks=[negative_data_rejection, positive_data_acceptance],
    )
