"""Acceptance: leads out of a file, through the command line and the public API, also when the command is killed."""

from __future__ import annotations

import asyncio
import csv
import sys
from pathlib import Path

import httpx
import pytest
from support.department import Department

ROWS = 6000


async def start(department: Department, file: Path, *more: str | Path) -> asyncio.subprocess.Process:
    machine = department.as_("lead-import", "machine", scopes=("leads:import",))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dealwire.cli.main", "import", "leads", str(file), *map(str, more)),
        *("--url", department.url, "--token", machine.token),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


@pytest.mark.timeout(300)
async def test_leads_come_out_of_a_file_once_also_when_the_command_is_killed(
    department: Department, tmp_path: Path
) -> None:
    file, refused = tmp_path / "参观者.csv", tmp_path / "refused.csv"
    with file.open("w", encoding="gb18030", newline="") as content:
        rows = csv.writer(content)
        rows.writerow(["公司名称", "联系人", "手机", "行业", "来源"])
        rows.writerows([f"第{n}医院", "王芳", department.a_phone(), "医疗", "展会"] for n in range(ROWS))
        rows.writerow(["无名医院", "李伟", "12", "医疗", "展会"])
    shown = await start(department, file, "--look")
    assert "company       公司名称" in (await shown.communicate())[0].decode()
    assert shown.returncode == 0
    for seconds in (1.5, 2.5):
        killed = await start(department, file)
        await asyncio.sleep(seconds)
        if killed.returncode is None:
            killed.kill()
        await killed.wait()
    told = await start(department, file, "--errors", refused)
    out = (await told.communicate())[0].decode()
    assert told.returncode == 1, out
    assert f"{ROWS} leads captured, 0 linked to leads that were there, 1 rows refused" in out
    with refused.open(encoding="utf-8-sig", newline="") as content:
        (row,) = csv.DictReader(content)
    assert (row["row"], row["field"], row["公司名称"]) == (str(ROWS + 2), "/contact/phone", "无名医院")
    so = department.as_("so.zhao", "so")
    assert len((await so.get("/lead/v1/leads", q="第17医院"))["items"]) >= 1


async def test_a_web_form_is_reached_through_the_gateway_without_a_token(department: Department) -> None:
    so = department.as_("so.zhao", "so")
    form = await so.post("/lead/v1/forms", {"name": "contact page", "campaign": department.mark})
    left = {"company": "Acme", "name": "Ada", "phone": department.a_phone()}
    async with httpx.AsyncClient(base_url=department.url, trust_env=False) as anybody:
        answer = await anybody.post(f"/lead/v1/public/forms/{form['key']}", json=left)
    assert (answer.status_code, answer.json()) == (202, {"received": True})
    assert len((await so.get("/lead/v1/leads", campaign=department.mark))["items"]) == 1
