"""`dealwire demo`: everything on this machine, and a sample day played through it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Annotated

import aio_pika
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from dealwire.cli.client import Api
from dealwire.cli.console import Failure, new_app, out, say
from dealwire.cli.stack import run
from dealwire.cli.telling import event_line, money
from dealwire.demo.clocks import ACCEPT_SECONDS, FASTER, GRAB_SECONDS, let_time_pass
from dealwire.demo.play import Outcome, hire, outcome, tell, unready
from dealwire.demo.sample import load_sample
from dealwire.demo.story import Ending
from dealwire.demo.twins import settle_twins
from dealwire.kit.consumer import read_event
from dealwire.kit.stream import read_log, settle
from dealwire.stack.processes import StackError
from dealwire.stack.stack import FOLDER, PORT, Stack

app = new_app()


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the gateway listens, on loopback.")] = PORT,
    exit: Annotated[bool, typer.Option("--exit", help="Stop afterwards; status 0 only if all was right.")] = False,
) -> None:
    """Starts everything and plays a sample day through all four services, while the events it makes run by.

    Leads come in, dirty ones among them; they are qualified, routed, accepted, quoted, contracted, reviewed, signed,
    handed over, delivered and paid, or lost, or refused; the figures follow. Two AMs bid for a lead, and one who lets a
    lead lie loses it to another: for that, time runs faster here. Everything goes through the public API.

    It stays up afterwards, for a look around. Played again, every request is recognised and nothing happens twice.

        dealwire demo
        dealwire demo --exit
    """
    wrong: list[str] = []
    try:
        asyncio.run(run(FOLDER, port, 1, partial(_play, wrong=wrong, leave=exit), told=FASTER))
    except StackError as failure:
        raise Failure(str(failure)) from None
    if wrong:
        raise typer.Exit(1)


async def _play(stack: Stack, *, wrong: list[str], leave: bool) -> bool:
    sample = load_sample()
    async with Api.at(stack.url) as services:

        def as_(subject: str, *roles: str, scopes: Iterable[str] = ()) -> Api:
            return services.as_(stack.keys.mint(subject, roles, scopes))

        so = as_("zhao.lei", "so")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        endings: list[Ending] = []
        with Progress(*columns, console=out) as progress:
            async with _telling_events(stack, progress.console):
                await hire(sample, so)
                task = progress.add_task(
                    "leads on their road", total=len(sample.leads) + len(sample.clocks) + len(sample.twins)
                )
                for act in (tell, let_time_pass, settle_twins):
                    async for ending in act(sample, as_):
                        endings.append(ending)
                        progress.advance(task)
                result = await outcome(sample, endings, so)
                wrong += [*result.wrong, *await unready(so)]
    out.print(_stories(endings))
    out.print(
        f"Time ran faster here: {ACCEPT_SECONDS} seconds to accept a lead, not two business hours, "
        f"and {GRAB_SECONDS} to bid for one, not fifteen minutes."
    )
    out.print(_scorecards(result))
    for sentence in wrong:
        say(f"not right: {sentence}")
    if not wrong:
        out.print(
            "[green]All of it was right:[/] every lead ended where it should, and the figures agree to the cent.",
            markup=True,
        )
    return leave


@asynccontextmanager
async def _telling_events(stack: Stack, console: Console) -> AsyncIterator[None]:
    """Prints every event of the log from now on."""
    assert stack.infra  # noqa: S101  # a demo has its own
    listening = asyncio.Event()
    task = asyncio.create_task(_tell(stack.infra.amqp_url, console, listening))
    await listening.wait()
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _tell(amqp_url: str, console: Console, listening: asyncio.Event) -> None:
    async with await aio_pika.connect(amqp_url) as connection:
        listening.set()
        async for message in read_log(connection, "next"):
            console.print(event_line(read_event(message)), markup=True)
            await settle(message)


def _stories(endings: list[Ending]) -> Table:
    table = Table("", "lead", "came to", title="What became of the leads", title_justify="left")
    for ending in sorted(endings, key=lambda ending: ending.lead.number):
        mark = Text("✗", style="red") if ending.wrong else Text("✓", style="green")
        table.add_row(mark, ending.lead.told["company"], ending.told)
    return table


def _scorecards(result: Outcome) -> Table:
    table = Table("account manager", "sales", "won", "lost", "new customers", title="Scorecards", title_justify="left")
    for member, card in result.cards.items():
        sold = [
            money(value, currency) for (name, currency), value in card.items() if name == "sales_amount" and currency
        ]
        counts = [str(card[name, None]) for name in ("opportunities_won", "opportunities_lost", "new_customers")]
        table.add_row(member, ", ".join(sold) or "–", *counts)
    return table
