"""`dealwire dlq`: dead letters, for a person who wants to know why and to try again."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Annotated

import typer
from rich.table import Table

from dealwire.catalogue import PUBLISHED
from dealwire.cli import dead_letters
from dealwire.cli.console import Failure, new_app, out, say
from dealwire.cli.dead_letters import DeadLetter
from dealwire.cli.where import AmqpUrl, broker_url, connected
from dealwire.kit.inbox import inbox_name

app = new_app()

_MOST_READ = 1000


def _known(service: str | None) -> str | None:
    if service is not None and service not in PUBLISHED:
        raise typer.BadParameter(f"there are {', '.join(PUBLISHED)}")
    return service


Service = Annotated[str, typer.Argument(metavar="SERVICE", callback=_known, help=f"One of {', '.join(PUBLISHED)}.")]


@app.callback()
def dlq() -> None:
    """List, read and redrive dead letters: messages that a service could not handle, however often it tried.

    Nothing else waits for them. Find out why (`show`), put that right, then let the service try again (`redrive`).
    """


@app.command("list")
def list_(
    service: Annotated[str | None, typer.Argument(callback=_known, show_default="all services")] = None,
    amqp_url: AmqpUrl = "",
) -> None:
    """Counts dead letters by service and reason.

    They stay where they are, in their order. Of very many, only the oldest thousand are read
    to say why.

        dealwire dlq list
        dealwire dlq list kpi-service
    """
    asyncio.run(_list([service] if service else list(PUBLISHED), broker_url(amqp_url)))


@app.command()
def show(
    service: Service,
    id: Annotated[str, typer.Option(help="Only this message.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, help="So many at most, the oldest first.")] = 20,
    amqp_url: AmqpUrl = "",
) -> None:
    """Shows dead letters as JSON: why and since when, how often it was tried, and the event.

    They stay where they are, in their order. `deaths` is what the broker noted of a message that the service never
    came to refuse.

        dealwire dlq show kpi-service
        dealwire dlq show kpi-service --limit 1000 | jq -r '[.id, .reason] | @tsv'
    """
    asyncio.run(_show(service, id, limit, broker_url(amqp_url)))


@app.command()
def redrive(
    service: Service,
    ids: Annotated[list[str] | None, typer.Option("--id", help="This message; may be given several times.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every message that is there now.")] = False,
    amqp_url: AmqpUrl = "",
) -> None:
    """Puts dead letters back into the service's inbox, as if they came for the first time.

    Nothing is lost when this is interrupted: a message leaves the dead letters when the inbox has it. Status 1 when a
    message that was asked for is not there.

        dealwire dlq redrive kpi-service --id 7f8c4d59-ffa6-5692-b729-30cfbaeff86a
        dealwire dlq redrive kpi-service --all
    """
    if bool(ids) == everything:
        raise typer.BadParameter("say which messages: --id ID, or --all")
    asyncio.run(_redrive(service, None if everything else frozenset(ids or ()), broker_url(amqp_url)))


async def _list(services: list[str], url: str) -> None:
    table = Table("Service", "Dead letters", "Since", "Why", box=None)
    async with connected(url) as connection:
        for service in services:
            there = await dead_letters.count(connection, service)
            letters = await dead_letters.read(connection, service, _MOST_READ) if there else []
            since = min((letter.since for letter in letters if letter.since), default="")
            table.add_row(service, "no queue" if there is None else str(there), since[:19], _reasons(letters))
    out.print(table)


def _reasons(letters: list[DeadLetter]) -> str:
    counted = Counter(f"{letter.message.type or 'no type'}: {letter.reason}" for letter in letters)
    return "\n".join(f"{times} × {reason}" for reason, times in counted.most_common())


async def _show(service: str, id: str, limit: int, url: str) -> None:
    async with connected(url) as connection:
        there = await dead_letters.count(connection, service)
        letters = await dead_letters.read(connection, service, None if id else limit)
    wanted = [letter for letter in letters if id in {"", letter.id}]
    if id and not wanted:
        raise Failure(f"{service} has no dead letter {id}.")
    for letter in wanted:
        out.print_json(data=_told(letter), ensure_ascii=False, default=str)
    if there and there > len(letters):
        say(f"{there - len(letters)} more: --limit {there}")


def _told(letter: DeadLetter) -> dict[str, object]:
    return {
        "id": letter.id,
        "type": letter.message.type,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "since": letter.since,
        "deaths": letter.deaths,
        "event": letter.body,
    }


async def _redrive(service: str, ids: frozenset[str] | None, url: str) -> None:
    async with connected(url) as connection:
        driven = await dead_letters.redrive(connection, service, ids)
    out.print(f"{len(driven)} back in {inbox_name(service)}")
    if missing := (ids or frozenset()) - driven:
        raise Failure(f"{service} has no dead letter {', '.join(sorted(missing))}.")
