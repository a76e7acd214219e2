"""Acceptance: an older system's accounts become customers, and leads that name them are linked to them."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from pathlib import Path

import pytest
from support.department import Department
from support.service import eventually

DATA = Path(os.environ.get("DEALWIRE_CRM_DATA", Path(__file__).parents[3] / "shared/data/crm-sales-opportunities"))
OWNER = "am.customers"


async def _import(department: Department, *arguments: str) -> tuple[int | None, str]:
    machine = department.as_("crm-import", "machine", scopes=("accounts:import",))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dealwire.cli.main", "import", "customers", *arguments),
        *("--url", department.url, "--token", machine.token),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode, " ".join(out.decode().split())


async def _is_linked(department: Department, company: str, to: str) -> None:
    """Somebody of that company comes in, and is the customer's."""
    so = department.as_("so.zhao", "so")
    contact = {"name": "王芳", "phone": department.a_phone()}
    lead = await so.post("/lead/v1/leads", {"company": company, "contact": contact, "channel": "expo"})

    async def linked() -> bool:
        customer = (await so.get(f"/lead/v1/leads/{lead['id']}"))["customer"]
        return bool(customer and customer["name"] == to)

    await eventually(linked, f"{company} is linked to {to}", within=60)


async def test_customers_come_in_once_with_an_error_for_every_bad_row(department: Department, tmp_path: Path) -> None:
    name, file, errors = f"Umbrella {department.mark} Inc", tmp_path / "accounts.csv", tmp_path / "errors.csv"
    with file.open("w", encoding="utf-8", newline="") as made:
        csv.writer(made).writerows([["Account", "Sector"], [name, "medical"], ["", "retail"], [name.upper(), ""]])
    status, said = await _import(department, str(file), "--owner", OWNER, "--errors", str(errors))
    assert (status, "1 customers imported, 1 were there already, 1 rows refused" in said) == (1, True), said
    with errors.open(encoding="utf-8", newline="") as told:
        assert [row["line"] for row in csv.DictReader(told)] == ["3"]
    status, said = await _import(department, str(file), "--owner", OWNER)
    assert "0 customers imported, 2 were there already, 1 rows refused" in said
    await _is_linked(department, f"UMBRELLA  {department.mark}", name)
    assert (await _import(department, str(file)))[0] != 0, "nobody says whose customers they are"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the data set is not at {DATA}; DEALWIRE_CRM_DATA says where it is")
async def test_the_accounts_of_a_crm_are_customers_that_leads_are_linked_to(department: Department) -> None:
    status, said = await _import(department, str(DATA / "accounts.csv"), "--owner", OWNER)
    assert (status, ", 0 rows refused" in said) == (0, True), said
    _, again = await _import(department, str(DATA / "accounts.csv"), "--owner", OWNER)
    assert "0 customers imported, 85 were there already, 0 rows refused" in again
    await _is_linked(department, "betasoloin", "Betasoloin")
