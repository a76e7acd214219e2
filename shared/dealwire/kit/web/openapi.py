"""What FastAPI cannot know of an operation: the problems it can answer, the roles it needs, the headers it reads."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from dealwire.kit.web.auth import ETAG, IDEMPOTENCY_KEY, SAFE_METHODS, Allow
from dealwire.kit.web.problems import MEDIA_TYPE, Problem

_ALWAYS = (400, 404, 422, 500, 503)
_WITH_TOKEN = (401, 403)
_CHANGING = (409, 412, 413, 415)
_GENERATED = ("HTTPValidationError", "ValidationError")  # FastAPI's own shape of a 422, which nobody answers here

_PARAMETERS: dict[str, dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes the request safe to repeat: the same key on the same record, the same result, once. "
        "Another request under a key that the record knows is a 422.",
        "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY}$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that the record was read with; a newer version there is a 412. "
        "`*` stands for whichever is there.",
        "schema": {"type": "string", "anyOf": [{"const": "*"}, {"pattern": f"^{ETAG}$"}]},
    },
}


class DocumentedAPI(FastAPI):
    """FastAPI whose OpenAPI document names every status that an operation can answer, and who may call it."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        made = self.openapi_schema is not None
        document = super().openapi()
        if not made:
            _complete(document, [route for route in self.routes if isinstance(route, APIRoute)])
        return document


def _complete(document: dict[str, Any], routes: list[APIRoute]) -> None:
    components = document.setdefault("components", {})
    schemas = {name: each for name, each in components.get("schemas", {}).items() if name not in _GENERATED}
    problem_schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem_schema.pop("$defs")
    components["schemas"] = dict(sorted((schemas | {"Problem": problem_schema}).items()))
    components["responses"] = {str(status): _response(status) for status in sorted(_ALWAYS + _WITH_TOKEN + _CHANGING)}
    components["parameters"] = _PARAMETERS
    for route in routes:
        for method in (route.methods or ()) if route.include_in_schema else ():
            _complete_operation(document["paths"][route.path_format][method.lower()], method, route)


def _complete_operation(operation: dict[str, Any], method: str, route: APIRoute) -> None:
    statuses = [*_ALWAYS]
    allow = next(_allows(route.dependant), None)
    if allow is not None:
        statuses += _WITH_TOKEN
        operation["x-roles"] = sorted(allow.roles)
        if allow.scope:
            operation["x-scope"] = allow.scope
        operation["description"] = f"{operation.get('description', '')}\n\nNeeds {allow}.".strip()
    if method not in SAFE_METHODS:
        statuses += _CHANGING
        if allow is not None:
            references = [{"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS]
            operation["parameters"] = [*operation.get("parameters", ()), *references]
    responses = {status: each for status, each in operation["responses"].items() if status != "422"}
    for status in map(str, sorted(statuses)):
        responses.setdefault(status, {"$ref": f"#/components/responses/{status}"})
    operation["responses"] = responses


def _allows(dependant: Dependant) -> Iterator[Allow]:
    for each in dependant.dependencies:
        if isinstance(each.call, Allow):
            yield each.call
        yield from _allows(each)


def _response(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": HTTPStatus(status).phrase, "content": content}
