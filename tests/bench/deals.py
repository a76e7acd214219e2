"""All four services at work on deals: past ones are imported, and new contracts signed."""

from __future__ import annotations

from bench.harness import Bench, running
from bench.imports import imports
from bench.rows import Row
from bench.signatures import signatures


async def deals(bench: Bench) -> list[Row]:
    """The open deals among those imported are the ones that get a contract."""
    async with running(bench, "lead-service", "pipeline-service", "contract-service", "kpi-service") as site:
        bench.say("importing past deals")
        imported, opened = await imports(site)
        bench.say("signing contracts")
        signed = await signatures(site, opened)
        for name in ("pipeline-service", "contract-service"):
            bench.note_memory(f"{name} after its load", site.service(name))
    return [imported, *signed]
