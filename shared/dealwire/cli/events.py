"""`dealwire events`: the log of all events, for people and for programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Annotated

import typer
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from dealwire.cli.console import Failure, new_app, out
from dealwire.cli.telling import event_line, malformed_line
from dealwire.cli.where import AmqpUrl, broker_url, connected
from dealwire.event import Event
from dealwire.kit.bus import LOG
from dealwire.kit.consumer import Malformed, read_event
from dealwire.kit.stream import Offset, read_log, settle

app = new_app()


@app.callback()
def events() -> None:
    """Watch and replay what happens."""


@app.command()
def tail(
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="WHERE",
            help="`first`, `next` (what comes from now on), `last` (the newest few), a time such as `2026-03-01T09:00`, "
            "or an offset.",
        ),
    ] = "next",
    types: Annotated[str, typer.Option("--type", metavar="GLOB", help="Only these types, such as `lead.*`.")] = "*",
    subject: Annotated[
        str, typer.Option(metavar="ID", help="Only what happens to this record.", show_default=False)
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON each: `offset` and `event`.")] = False,
    until_idle: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.1, help="End when nothing came for so long.", show_default="never"),
    ] = None,
    amqp_url: AmqpUrl = "",
) -> None:
    """Shows events as they happen, a line each: when, what, to which record, by whom, and the facts that matter.

    A time is one of this machine's zone unless it says otherwise. A replay by time begins at the piece of the log that
    holds the time, so a little earlier.

        # from now on, until Ctrl-C
        dealwire events tail
        # the whole history of contracts, then what comes
        dealwire events tail --from first --type 'contract.*'
        # what happens to one record
        dealwire events tail --from 2026-03-01T09:00 --subject 3c424580-e0f9-5164-b25a-bf604cbfcc51
        # how many there are of each type
        dealwire events tail --from first --until-idle 2 --json | jq -r .event.type | sort | uniq -c
    """
    offset = _offset(start)
    asyncio.run(_tail(broker_url(amqp_url), offset, until_idle, types, subject, as_json))


def _offset(start: str) -> Offset:
    if start in {"first", "last", "next"}:
        return start
    if start.isdecimal():
        return int(start)
    try:
        return datetime.fromisoformat(start).astimezone(UTC)
    except ValueError:
        raise typer.BadParameter("it is first, last, next, a time such as 2026-03-01T09:00, or an offset") from None


async def _tail(url: str, start: Offset, until_idle: float | None, types: str, subject: str, as_json: bool) -> None:
    async with connected(url) as connection, aclosing(_messages(connection, start, until_idle)) as messages:
        async for message in messages:
            offset = int(message.headers["x-stream-offset"])  # type: ignore[arg-type]  # a stream sets it, always
            try:
                event = read_event(message)
            except Malformed as reason:
                shown = _malformed(offset, message, str(reason), as_json)
            else:
                if not fnmatchcase(event.type, types) or subject not in {"", event.subject}:
                    continue
                shown = _event(offset, event, as_json)
            out.print(shown, markup=not as_json)


async def _messages(
    connection: AbstractConnection, start: Offset, until_idle: float | None
) -> AsyncGenerator[AbstractIncomingMessage, None]:
    """Settled messages of the log. Raises Failure when there is no log or it ends."""
    async with aclosing(read_log(connection, start)) as log:
        while True:
            try:
                async with asyncio.timeout(until_idle):
                    message = await anext(log)
            except TimeoutError:
                return
            except ChannelNotFoundEntity:
                raise Failure(f"There is no {LOG} on this broker: nothing has been started there.") from None
            except StopAsyncIteration:
                raise Failure(f"{LOG} was closed by the broker.") from None
            await settle(message)
            yield message


def _event(offset: int, event: Event, as_json: bool) -> str:
    if as_json:
        return json.dumps({"offset": offset, "event": event.to_dict()}, ensure_ascii=False)
    return event_line(event)


def _malformed(offset: int, message: AbstractIncomingMessage, reason: str, as_json: bool) -> str:
    if as_json:
        body = message.body.decode(errors="replace")
        return json.dumps({"offset": offset, "malformed": reason, "body": body}, ensure_ascii=False)
    return malformed_line(offset, reason)
