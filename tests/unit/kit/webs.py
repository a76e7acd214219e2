"""A web application over the kit, without a business: notes, kept in no database."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field

from dealwire.kit.settings import ServiceSettings
from dealwire.kit.web import (
    Caller,
    PageView,
    Paging,
    Part,
    Probes,
    allow,
    body_limit,
    create_app,
    page_view,
    record_headers,
)

KEY = Ed25519PrivateKey.generate()
LIMIT = 1000


def pem(key: Any) -> str:
    text: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text.decode()


def a_token(key: Any = KEY, algorithm: str = "EdDSA", headers: dict[str, str] | None = None, **claims: Any) -> str:
    """A token that holds, unless the claims say otherwise; a claim given as None is left out."""
    given = {"sub": "ann", "roles": ["writer"], "exp": int(time.time()) + 600, **claims}
    present = {name: value for name, value in given.items() if value is not None}
    return jwt.encode(present, key, algorithm, headers)


def some_settings(**more: Any) -> ServiceSettings:
    given = {
        "service": "notes-service",
        "mongo_url": "mongodb://localhost",
        "amqp_url": "amqp://localhost",
        "jwt_public_key": pem(KEY),
        "max_body_bytes": LIMIT,
    }
    return ServiceSettings(**{**given, **more})


class Tag(BaseModel):
    name: str = Field(min_length=2)
    weight: int = 1


class NewNote(BaseModel):
    text: str
    tags: list[Tag] = []
    more: dict[str, Tag] = {}
    anything: Any = None


class NoteView(BaseModel):
    id: str
    text: str


@dataclass
class Note:
    id: str
    version: int = 1
    replayed: bool = False


@dataclass
class Notes:
    items: list[Note]
    next_cursor: str | None


Writer = Annotated[Caller, allow("writer", "editor", scope="notes:write")]
Anybody = Annotated[Caller, allow()]


def the_name_of(caller: Anybody) -> str:
    return caller.id


Reader = Annotated[str, Depends(the_name_of)]

notes = APIRouter(prefix="/v1/notes")


@notes.post("", status_code=201)
async def write_note(new: NewNote, caller: Writer, response: Response) -> NoteView:
    record_headers(response, Note(caller.cause.new_id("note"), version=5, replayed=new.text == "again"))
    return NoteView(id=caller.cause.new_id("note"), text=new.text)


@notes.put("/{id}/cause")
@notes.get("/{id}/cause")
async def show_cause(id: str, caller: Anybody) -> dict[str, Any]:
    return {"id": id, **asdict(caller.cause)}


@notes.get("")
async def list_notes(_: Reader, paging: Paging, request: Request, response: Response) -> PageView[NoteView]:
    page = Notes([Note("a"), Note("b")], None if paging.cursor == "last" else "last")
    return page_view(page, lambda note: NoteView(id=note.id, text=str(paging.limit)), request, response)


@notes.post("/uploads", openapi_extra=body_limit(3 * LIMIT))
async def upload(request: Request, _: Anybody) -> int:
    return sum([len(chunk) async for chunk in request.stream()])


def a_web_app(
    *routers: APIRouter, parts: Sequence[Part] = (), probes: Probes | None = None, **settings: Any
) -> FastAPI:
    return create_app(
        some_settings(**settings),
        title="notes-service",
        description="Notes.",
        routers=[notes, *routers],
        parts=parts,
        probes=probes,
    )


def raising(error: Exception) -> APIRouter:
    """A route that fails with this error."""
    router = APIRouter()

    @router.get("/v1/fail")
    async def fail() -> None:
        raise error

    return router


def client_of(app: Any, token: str | None = None, **more: Any) -> httpx.AsyncClient:
    """Calls the application as somebody who may write notes."""
    headers = {"Authorization": f"Bearer {token or a_token()}"}
    transport = httpx.ASGITransport(app, **more)
    return httpx.AsyncClient(transport=transport, base_url="http://notes", headers=headers)


class Steps:
    """Remembers what happened, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def part(self, name: str, fault: Exception | None = None) -> Part:
        steps = self

        class Step:
            async def start(self) -> None:
                await asyncio.sleep(0)
                if fault:
                    raise fault
                steps.seen.append(f"{name} started")

            async def stop(self) -> None:
                await asyncio.sleep(0)
                steps.seen.append(f"{name} stopped")

        return Step()
