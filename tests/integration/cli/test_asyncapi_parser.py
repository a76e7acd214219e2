"""The parser of the AsyncAPI initiative takes the document, and would say so if it did not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.node import NODE, installed

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "asyncapi.yaml"


def check(document: Path) -> subprocess.CompletedProcess[str]:
    folder = installed(ROOT / "tests" / "node" / "asyncapi")
    return subprocess.run([NODE, folder / "check.mjs", document], capture_output=True, text=True, check=False)


def test_the_parser_takes_the_document() -> None:
    checked = check(DOCUMENT)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "channels" in checked.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("  action: send", "  action: shout"),
        ("$ref: '#/components/schemas/Money'", "$ref: '#/components/schemas/Monkey'"),
        ("    address: lead.captured.v1", "    address: [lead.captured.v1]"),
    ],
)
def test_the_parser_finds_a_mistake(tmp_path: Path, right: str, wrong: str) -> None:
    text = DOCUMENT.read_text()
    assert right in text
    mistaken = tmp_path / "asyncapi.yaml"
    mistaken.write_text(text.replace(right, wrong, 1))
    assert check(mistaken).returncode == 1
