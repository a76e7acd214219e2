"""`make bench`: how close does Dealwire come to what this machine gives?

Every figure stands beside a floor: the least that does the same, measured in the same run on as many processes. What
says something is the ratio; the figures are the machine's. It reports and does not judge, so the status is 0 whatever
they are. `make bench ARGS=captures` takes only some of the measurements; `leads`, which fills a store with a million,
takes most of an hour on two cores, and all the others a few minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Mapping, Sequence

import uvloop
from bench.captures import captures
from bench.deals import deals
from bench.harness import FLOOR, Bench
from bench.leads import leads
from bench.projection import projection
from bench.rows import Row, save, table
from rich.console import Console
from support.infra import embedded

from dealwire.stack.binaries import BUILD

_MEASUREMENTS: Mapping[str, Callable[[Bench], Awaitable[list[Row]]]] = {
    "captures": captures,
    "projection": projection,
    "deals": deals,
    "leads": leads,
}
_RESULT = BUILD / "bench.json"


async def measure(names: Sequence[str], say: Callable[[str], None]) -> list[Row]:
    """The rows of these measurements, and of the memory that services had after them."""
    rows: list[Row] = []
    async with embedded(say) as infra:
        bench = Bench(infra, say)
        for name in names:
            rows += await _MEASUREMENTS[name](bench)
    return rows + [
        Row.of(f"memory of {name}; floor: {FLOOR}", bench.memory[name], "MiB", bench.memory.get(FLOOR))
        for name in sorted(bench.memory.keys() - {FLOOR})
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description="Measures Dealwire against floors.")
    parser.add_argument(
        "measurements", nargs="*", choices=_MEASUREMENTS, help="left out: all of them, leads taking most of an hour"
    )
    names = parser.parse_args().measurements or list(_MEASUREMENTS)
    out, err = Console(), Console(stderr=True)
    with err.status("starting") as status:
        rows = uvloop.run(measure(names, status.update if err.is_terminal else err.print))
    out.print(table(rows))
    save(rows, _RESULT)
    out.print(f"Saved as {_RESULT}.")


if __name__ == "__main__":
    main()
