"""The sales process (P1), as data."""

from __future__ import annotations

from collections.abc import Mapping

from dealwire.catalogue.common import Stage
from dealwire.errors import Conflict

NEXT: Mapping[Stage, frozenset[Stage]] = {
    Stage.PROSPECT: frozenset({Stage.NEEDS, Stage.LOST}),
    Stage.NEEDS: frozenset({Stage.PROSPECT, Stage.SOLUTION, Stage.LOST}),
    Stage.SOLUTION: frozenset({Stage.PROSPECT, Stage.NEEDS, Stage.QUOTE, Stage.LOST}),
    Stage.QUOTE: frozenset(
        {Stage.PROSPECT, Stage.NEEDS, Stage.SOLUTION, Stage.NEGOTIATION, Stage.CONTRACT, Stage.LOST}
    ),
    Stage.NEGOTIATION: frozenset(
        {Stage.PROSPECT, Stage.NEEDS, Stage.SOLUTION, Stage.QUOTE, Stage.CONTRACT, Stage.LOST}
    ),
    # No way back from here: a contract has been drafted from the accepted quote, and a deal has one contract.
    Stage.CONTRACT: frozenset({Stage.WON, Stage.LOST}),
    Stage.WON: frozenset(),
    Stage.LOST: frozenset(),
}
"""Where a deal may go from each stage: one step forward, or back; a deal that is won or lost stays so.

The one exception is no step but a correction: a deal given up in contract whose customer signed (see `progress.win`).
"""

EARNED: Mapping[Stage, str] = {
    Stage.CONTRACT: "by an accepted quote",
    Stage.WON: "by a signed contract",
    Stage.LOST: "by losing it, with a reason",
}
"""Stages nobody moves a deal to: something else brings it there."""

CLOSED = frozenset({Stage.WON, Stage.LOST})


def check_step(stage: Stage, to: Stage) -> None:
    """Raises Conflict, saying what is allowed, where the process does not go from `stage` to `to` (P1)."""
    if to in NEXT[stage]:
        return
    if stage in CLOSED:
        raise Conflict("deal-closed", f"The deal is {stage} and stays so.")
    ways = [f"{way} ({EARNED[way]})" if way in EARNED else way for way in Stage if way in NEXT[stage]]
    raise Conflict(
        "illegal-move",
        f"A deal in {stage} does not go to {to}. It may go to {', '.join(ways[:-1])} or {ways[-1]}.",
    )


def check_move(stage: Stage, to: Stage) -> None:
    """Raises Conflict where nobody may move a deal from `stage` to `to` by hand (P1)."""
    check_step(stage, to)
    if to in EARNED:
        raise Conflict("stage-is-earned", f"A deal is not moved to {to}: it gets there {EARNED[to]}.")


def up_to(stage: Stage) -> tuple[Stage, ...]:
    """The stages a deal that is now in `stage` must have been through, itself included."""
    order = tuple(Stage)
    return order[: order.index(stage) + 1]
