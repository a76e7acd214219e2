"""`dealwire docs`: the documents that follow from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dealwire.cli.console import Failure, new_app, out
from dealwire.cli.documents import GENERATED, documents, objections
from dealwire.stack.binaries import ROOT

app = new_app()


@app.command()
def docs(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when something is out of date.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the documents are.", show_default="docs/")] = ROOT / "docs",
) -> None:
    """Writes what follows from the code: `asyncapi.yaml`, `events.md`, `openapi/` and `schemas/` in `docs/`.

    Refuses to break a promise: a schema that is published may only gain optional fields; anything else is a new version
    of the event. The golden examples in `docs/examples/` are written by hand and must hold.

        dealwire docs            # after a change of an event, a route or a reaction
        dealwire docs --check    # in CI: status 1 and the names of what is out of date
    """
    if against := list(objections(folder)):
        raise Failure("\n".join(against))
    made = documents(folder)
    there = {str(file.relative_to(folder)): file for pattern in GENERATED for file in sorted(folder.glob(pattern))}
    changed = [name for name, text in made.items() if name not in there or there[name].read_text() != text]
    left_over = sorted(there.keys() - made.keys())
    if check:
        if changed or left_over:
            raise Failure(f"Out of date: {', '.join(changed + left_over)}. Run `make docs`.")
        return
    for name in changed:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(made[name])
        out.print(f"wrote {folder.name}/{name}")
    for name in left_over:
        there[name].unlink()
        out.print(f"removed {folder.name}/{name}")
