"""The least that the stack can run as a service: says who it is, and what it was asked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route


async def ready(_: Request) -> Response:
    return PlainTextResponse("ready")


async def echo(request: Request) -> Response:
    return JSONResponse(
        {
            "pid": os.getpid(),
            "database": os.environ["DEALWIRE_MONGO_DATABASE"],
            "path": request.scope["raw_path"].decode(),
            "query": request.url.query,
            "headers": dict(request.headers),
            "body": (await request.body()).decode(),
        },
        status_code=201,
        headers={"ETag": '"1"'},
    )


async def stream(_: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(30)

    return StreamingResponse(chunks())


async def stall(_: Request) -> Response:
    await asyncio.sleep(30)
    return PlainTextResponse("late")


async def end(_: Request) -> Response:
    os._exit(1)


app = Starlette(
    routes=[
        Route("/readyz", ready),
        Route("/stream", stream),
        Route("/stall", stall),
        Route("/end", end, methods=["POST"]),
        Route("/{rest:path}", echo, methods=["GET", "POST"]),
    ]
)

if __name__ == "__main__":
    host, port = os.environ["DEALWIRE_HOST"], int(os.environ["DEALWIRE_PORT"])
    uvicorn.run(app, host=host, port=port, timeout_graceful_shutdown=1)
