"""How the command line speaks: results on stdout, everything said about them on stderr."""

from __future__ import annotations

import typer
from rich.console import Console

out = Console(markup=False, highlight=False, soft_wrap=True)
err = Console(markup=False, highlight=False, soft_wrap=True, stderr=True)


def new_app() -> typer.Typer:
    """A command of `dealwire`, or a group of such; listed in `dealwire.cli.main`.

    Its docstring is its help. Examples are indented by four, after a paragraph of at least two lines: typer takes the
    indentation away otherwise.
    """
    return typer.Typer(rich_markup_mode="markdown", no_args_is_help=True, add_completion=False)


class Failure(Exception):
    """A command cannot do what it was asked; `detail` says why, and what to do."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def say(text: str) -> None:
    """Tells the person something that is no result."""
    err.print(text)
