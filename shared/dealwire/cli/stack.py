"""`dealwire up`: everything on this machine, in the foreground."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from dealwire.cli.console import Failure, err, new_app, out, say
from dealwire.stack.processes import Process, StackError
from dealwire.stack.stack import FOLDER, PORT, Stack

app = new_app()

_WATCH_SECONDS = 1.0


@app.command()
def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the gateway listens, on loopback.")] = PORT,
    replicas: Annotated[int, typer.Option(min=1, max=8, help="Processes of each service.")] = 1,
    folder: Annotated[
        Path, typer.Option(help="Data, keys and logs; kept from one time to the next.", show_default="build/stack")
    ] = FOLDER,
) -> None:
    """Starts MongoDB, RabbitMQ, the four services and a gateway before them, and stops them on Ctrl-C.

    No container engine is needed: what is missing is fetched on first use. RabbitMQ, and libcurl4 for MongoDB, come
    from the distribution's packages, which takes root or sudo where they are missing. Everything listens on loopback
    only, and all data is under one folder of this checkout.

        dealwire up
        dealwire up --port 9000 --replicas 2
    """
    try:
        asyncio.run(run(folder, port, replicas))
    except StackError as failure:
        raise Failure(str(failure)) from None


async def run(
    folder: Path,
    port: int,
    replicas: int,
    then: Callable[[Stack], Awaitable[bool]] | None = None,
    told: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Runs the stack until a signal, or until `then` says that this was all; `told` is for services by name. A second
    signal does not wait for the orderly end.
    """
    task = asyncio.current_task()
    assert task  # noqa: S101  # we are in one
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with err.status("") as status, suppress(asyncio.CancelledError):

        def progress(doing: str) -> None:
            status.update(f"{doing} …")
            if not err.is_terminal:
                say(f"{doing} …")

        async with Stack(folder, port=port, count=replicas, told=told, progress=progress) as stack:
            status.update("running; Ctrl-C stops it")
            if then:
                status.stop()
            if then and await then(stack):
                return
            status.start()
            out.print(_addresses(stack))
            await _watch(stack)
    say("Stopped. The data is kept for the next time.")


def _addresses(stack: Stack) -> Table:
    table = Table(box=None, show_header=False)
    for service in stack.services.specs:
        table.add_row(service.name, f"{stack.url}{service.path}/docs")
    if stack.infra:
        table.add_row("RabbitMQ", stack.infra.management_url)
        table.add_row("MongoDB", stack.infra.mongo_url)
    table.add_row("as somebody", "dealwire token --role so --sub zhao.lei")
    table.add_row("what happens", "dealwire events tail --from first")
    return table


async def _watch(stack: Stack) -> None:
    """Says, once, when a process has ended."""
    infra = (stack.infra.mongod, stack.infra.broker) if stack.infra else ()
    running: set[Process] = {*stack.services, stack.gateway, *infra}
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        ended = {process for process in running if process.pid is None}
        for process in ended:
            say(f"{process.name} has ended. Why may stand in {process.log}")
        running -= ended
