"""`dealwire token`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest
from support.cli import Ran, run

from dealwire.kit.tokens import Verifier
from dealwire.stack.keys import AUDIENCE, ISSUER, Keys


def token(folder: Path, *arguments: str) -> Ran:
    return run("token", "--keys", folder, *arguments)


def claims(ran: Ran) -> dict[str, Any]:
    return jwt.decode(ran.out.strip(), options={"verify_signature": False})


async def test_it_is_one_that_the_services_of_the_stack_accept(tmp_path: Path) -> None:
    ran = token(tmp_path, "--role", "am", "--role", "team_lead", "--sub", "am.li", "--scope", "leads:read")
    verifier = Verifier(
        public_key=Keys.of(tmp_path).public_key_file.read_text(),
        issuer=ISSUER,
        audience=AUDIENCE,
    )
    identity = await verifier.identify(ran.out.strip())
    assert (identity.id, identity.roles, identity.scopes) == (
        "am.li",
        frozenset({"am", "team_lead"}),
        frozenset({"leads:read"}),
    )


def test_stdout_has_the_token_only_and_stderr_says_what_it_is_good_for(tmp_path: Path) -> None:
    ran = token(tmp_path, "--sub", "am.li")
    assert ran.status == 0
    assert len(ran.out.splitlines()) == 1
    assert ran.out.count(".") == 2
    assert "in production the identity provider issues tokens" in ran.err


@pytest.mark.parametrize(
    ("ttl", "seconds"), [("90s", 90), ("30m", 1800), ("8h", 28_800), ("7d", 604_800), (None, 28_800)]
)
def test_it_holds_as_long_as_was_said(tmp_path: Path, ttl: str | None, seconds: int) -> None:
    told = claims(token(tmp_path, "--sub", "am.li", *(("--ttl", ttl) if ttl else ())))
    assert told["exp"] - told["iat"] == seconds


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sub", "am.li", "--role", "boss"), "'boss' is not one of 'am'"),
        (("--sub", "am.li", "--ttl", "8"), "such as 90s, 30m, 8h or 7d"),
        (("--sub", "am.li", "--ttl", "0h"), "such as 90s, 30m, 8h or 7d"),
        (("--role", "am"), "--sub"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = token(tmp_path, *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
