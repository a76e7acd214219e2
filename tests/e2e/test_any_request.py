"""Whatever is sent to a service, it answers as its OpenAPI document says, and never with a fault of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from e2e.conftest import a_department
from support.department import Department
from support.place import Servers

ROLES = ("am", "se", "so", "cs", "team_lead", "legal", "finance", "management", "machine")
SCOPES = (
    "leads:capture",
    "leads:read",
    "leads:import",
    "deals:import",
    "people:read",
    "people:write",
    "orders:accept",
    "orders:deliver",
    "figures:read",
    "facts:read",
)
EXAMPLES = 5
# Not about this: readers are lenient on purpose (1.0 is an integer), rules refuse what a schema cannot say, and a
# repeat of a request is answered with what the first one made.
EXCLUDED = "negative_data_rejection,positive_data_acceptance,use_after_free,ensure_resource_availability"


@pytest.fixture(scope="module")
async def somewhere(servers: Servers | None) -> AsyncIterator[Department]:
    """A department of its own: whatever is sent publishes rules, too."""
    if servers is None:
        pytest.skip("no Dealwire that somebody works with is sent just anything")
    async with a_department(servers) as department:
        yield department


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", ["lead", "pipeline", "contract", "kpi"])
async def test_any_request_is_answered_as_documented(somewhere: Department, service: str, tmp_path: Path) -> None:
    department, somebody = somewhere, somewhere.as_("fuzz", *ROLES, scopes=SCOPES)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{department.url}/{service}/openapi.json"),
        *("--url", f"{department.url}/{service}", "-H", f"Authorization: Bearer {somebody.token}"),
        *("--max-examples", str(EXAMPLES), "--phases", "examples,fuzzing", "--seed", "20260101"),
        *("--exclude-checks", EXCLUDED, "--exclude-path", "/metrics", "--workers", "1", "--no-color"),
        *("--request-timeout", "30", "--generation-database", "none", "--suppress-health-check", "all"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()[-6000:]
