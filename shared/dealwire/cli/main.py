"""The commands there are. A command's module is imported when it is run, so that `dealwire --help` is there at once."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from dealwire.cli.console import Failure, say
from dealwire.errors import DealwireError

COMMANDS = {
    "up": ("dealwire.cli.stack", "Start everything on this machine, until Ctrl-C."),
    "demo": ("dealwire.cli.demo", "Start everything and play a sample day through it."),
    "import": ("dealwire.cli.import_", "Bring leads, or the customers and history of an older system, in."),
    "token": ("dealwire.cli.token", "Mint a bearer token for trying things out."),
    "events": ("dealwire.cli.events", "Watch and replay what happens."),
    "dlq": ("dealwire.cli.dlq", "List, read and redrive dead letters."),
    "docs": ("dealwire.cli.docs", "Write docs/ from the code, or check it."),
    "setup": ("dealwire.cli.setup", "Prepare a broker and a database for a deployment."),
}
"""By name: the module, whose `app` is the command, and the line in `dealwire --help`."""


class Commands(TyperGroup):
    """Stand-ins are listed; the one that is asked for is imported."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        self.commands.update({name: TyperCommand(name, help=line) for name, (_, line) in COMMANDS.items()})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            command = get_command(import_module(COMMANDS[name][0]).app)
            command.name = name
        return name, command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (Failure, DealwireError) as failure:
            say(failure.detail)
            raise typer.Exit(1) from None


app = typer.Typer(cls=Commands, rich_markup_mode="markdown", no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def dealwire() -> None:
    """Dealwire: four services that take a lead to a signed contract, an order and a KPI.

    A first look, in two terminals:

        dealwire up                          # on http://localhost:8080
        dealwire events tail --from first    # what happens, as it happens

    Then call a service as somebody:

        TOKEN=$(dealwire token --role so --sub zhao.lei)
        curl -H "Authorization: Bearer $TOKEN" http://localhost:8080/lead/v1/leads
    """


if __name__ == "__main__":
    app()
