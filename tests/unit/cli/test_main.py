"""The command line as a whole: it teaches, it is quick, and it says what is wrong in a sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.cli import run

from dealwire.cli.main import COMMANDS

GROUPS = {
    "events": ["tail"],
    "import": ["deals"],
    "dlq": ["list", "show", "redrive"],
    "setup": ["secrets", "broker", "database", "all"],
}


def test_help_lists_every_command_with_what_it_does() -> None:
    ran = run("--help")
    assert ran.status == 0
    for name, (_, line) in COMMANDS.items():
        assert name in ran.out
        assert line in ran.out


@pytest.mark.parametrize("command", [*COMMANDS, *(f"{group} {name}" for group in GROUPS for name in GROUPS[group])])
def test_help_of_every_command_teaches_by_example(command: str) -> None:
    ran = run(*command.split(), "--help")
    _, _, taught = ran.out.partition("Usage:")
    assert ran.status == 0
    assert f"  dealwire {command}" in taught or command in GROUPS


def test_help_does_not_wait_for_what_the_commands_need() -> None:
    program = (
        "import sys; from dealwire.cli.main import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"aio_pika", "fastapi", "pymongo", "pydantic", "httpx", "yaml", "dealwire.catalogue"}
    assert not heavy & set(shown.stdout.split())


def test_a_command_there_is_not_is_refused_with_what_may_be_meant() -> None:
    ran = run("evnts")
    assert ran.status == 2
    assert "Did you mean 'events'?" in ran.err


def test_what_cannot_be_done_is_said_in_a_sentence_without_a_traceback() -> None:
    ran = run("events", "tail", "--amqp-url", "http://localhost")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "The broker's URL is wrong: it must begin with amqp:// or amqps://.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("dlq", "show", "fax-service"), "there are "),
        (("dlq", "redrive", "kpi-service"), "--id ID, or --all"),
        (("dlq", "redrive", "kpi-service", "--all", "--id", "a"), "--id ID, or --all"),
        (("events", "tail", "--from", "yesterday"), "first, last, next"),
        (("events", "tail", "--until-idle", "0"), "--until-idle"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(arguments: tuple[str, ...], said: str) -> None:
    ran = run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
