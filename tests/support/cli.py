"""Running `dealwire` as a person or a script does."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from dealwire.cli.main import app

DEALWIRE = Path(sys.executable).with_name("dealwire")

_QUIET = {"TERM": "dumb", "COLUMNS": "200"}


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str


def run(*arguments: str | Path, **environment: str) -> Ran:
    """Runs a command to its end, inside this process."""
    result = CliRunner().invoke(app, list(map(str, arguments)), env={**_QUIET, **environment})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


async def dealwire(*arguments: str | Path, **environment: str) -> Ran:
    """The same beside a running event loop: commands have one of their own."""
    return await asyncio.to_thread(run, *arguments, **environment)


async def start(*arguments: str | Path) -> asyncio.subprocess.Process:
    """Starts a command in a process of its own; ending that is the caller's."""
    return await asyncio.create_subprocess_exec(
        DEALWIRE,
        *map(str, arguments),
        env={**os.environ, **_QUIET},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
