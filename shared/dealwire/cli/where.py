"""Which broker a command talks to."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import aio_pika
import typer
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelAccessRefused
from yarl import URL

from dealwire.cli.console import Failure
from dealwire.kit.urls import check_amqp_url
from dealwire.stack.infra import running_state
from dealwire.stack.stack import FOLDER

AmqpUrl = Annotated[
    str,
    typer.Option(
        metavar="URL",
        show_default=False,
        help="The broker. Left out: `DEALWIRE_AMQP_URL`, a file `dealwire_amqp_url` in the folder "
        "`DEALWIRE_SECRETS_DIR`, or the stack that runs here.",
    ),
]

_PATIENCE_SECONDS = 10

logging.getLogger("aiormq").addHandler(logging.NullHandler())  # a failure is told in a sentence, once


def broker_url(given: str = "") -> str:
    """Raises Failure when there is none, or it would be no good idea to use it."""
    url = given or os.environ.get("DEALWIRE_AMQP_URL") or _from_file() or _of_running_stack()
    if not url:
        raise Failure(
            "No broker: no stack runs here. Start one with `dealwire up`, or name a broker with --amqp-url "
            "or DEALWIRE_AMQP_URL."
        )
    try:
        return check_amqp_url(url)
    except ValueError as wrong:
        raise Failure(f"The broker's URL is wrong: {wrong}.") from None


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AbstractConnection]:
    """A connection to the broker. Failures of the connection and of rights become sentences, without the password."""
    try:
        connection = await aio_pika.connect(URL(url), timeout=_PATIENCE_SECONDS)
    except (AMQPError, OSError, TimeoutError) as error:
        raise Failure(f"The broker at {_shown(url)} cannot be reached: {error or type(error).__name__}.") from None
    async with connection:
        try:
            yield connection
        except ChannelAccessRefused as refused:
            raise Failure(f"The broker at {_shown(url)} refuses this to its user: {refused}.") from None
        except (AMQPError, ConnectionError) as lost:
            raise Failure(f"The connection to the broker at {_shown(url)} was lost: {lost!r}.") from None


def _from_file() -> str:
    folder = os.environ.get("DEALWIRE_SECRETS_DIR")
    file = Path(folder) / "dealwire_amqp_url" if folder else None
    return file.read_text().strip() if file and file.is_file() else ""


def _of_running_stack() -> str:
    return str((running_state(FOLDER) or {}).get("amqp_url", ""))


def _shown(url: str) -> str:
    return str(URL(url).with_password(None))
