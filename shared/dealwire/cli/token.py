"""`dealwire token`: who one is, while trying things out."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from dealwire.catalogue.common import Role
from dealwire.cli.console import new_app, out, say
from dealwire.stack.keys import Keys
from dealwire.stack.stack import FOLDER

app = new_app()

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _span(text: str) -> timedelta:
    if not (found := re.fullmatch(r"([1-9]\d{0,5})([smhd])", text)):
        raise typer.BadParameter("--ttl is a number and its unit, such as 90s, 30m, 8h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@app.command()
def token(
    sub: Annotated[str, typer.Option(help="Who: the id that events name as their actor.")],
    roles: Annotated[list[Role] | None, typer.Option("--role", help="A role; may be given several times.")] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", help="What a machine may do, such as `leads:capture` or `figures:read` (README); repeatable."
        ),
    ] = None,
    ttl: Annotated[str, typer.Option(help="How long it holds, such as 90s, 30m, 8h or 7d.")] = "8h",
    keys: Annotated[
        Path,
        typer.Option(
            envvar="DEALWIRE_KEYS",
            help="The folder with the key pair to sign with.",
            show_default="that of `dealwire up`",
        ),
    ] = FOLDER / "keys",
) -> None:
    """Mints a bearer token and prints it, and nothing else, on stdout.

    For trying things out: it is signed with the key that `dealwire up` made for this machine. In production the
    identity provider issues tokens (OIDC, `DEALWIRE_JWKS_URL`), and no service accepts one of these.

        TOKEN=$(dealwire token --role so --sub zhao.lei)
        curl -H "Authorization: Bearer $TOKEN" http://localhost:8080/lead/v1/leads

        dealwire token --role am --role team_lead --sub li.wei --ttl 30m
        dealwire token --role machine --sub website --scope leads:capture
    """
    out.print(Keys.of(keys).mint(sub, roles or (), scopes or (), _span(ttl)))
    say("For the stack of this machine only; in production the identity provider issues tokens.")
