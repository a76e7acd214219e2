"""docs/rules.md, the code and the tests say the same words."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def _text(*folders: str) -> str:
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return "\n".join(file.read_text("utf-8") for file in files)


def test_every_test_that_the_rules_name_is_there() -> None:
    tests = {
        *re.findall(r"def (test_\w+)", _text("tests")),
        *(file.stem for file in (ROOT / "tests").rglob("test_*.py")),
    }
    named = set(re.findall(r"`(test_\w+)(?:\.py)?`", (ROOT / "docs/rules.md").read_text("utf-8")))
    assert len(named) > 100
    assert named - tests == set()


def test_every_function_that_the_rules_name_is_there() -> None:
    code = _text("services")
    rows = re.findall(r"^\| .* \| (.*) \| .* \|$", (ROOT / "docs/rules.md").read_text("utf-8"), re.MULTILINE)
    named = {name.rsplit(".", 1)[-1] for row in rows for name in re.findall(r"`([\w.]+)`", row)} - {"where", "---"}
    assert len(named) > 50
    assert {name for name in named if not re.search(rf"\b{name}\b", code)} == set()
