"""docs/rules.md, the code and the tests say the same words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[3]
Name = tuple[str, ...]


class Rule(NamedTuple):
    """A row of the document: backticks are names."""

    service: str
    sentence: str
    where: str
    tests: str


def _rules() -> Iterator[Rule]:
    service = ""
    for line in (ROOT / "docs/rules.md").read_text("utf-8").splitlines():
        service = line.removeprefix("## ") if line.startswith("## ") else service
        if (row := re.fullmatch(r"\| (.*) \| (.*) \| (.*) \|", line)) and row[1] not in {"rule", "---"}:
            yield Rule(service, *row.groups())


RULES = tuple(_rules())


def test_every_row_is_a_rule() -> None:
    rows = [line for line in (ROOT / "docs/rules.md").read_text("utf-8").splitlines() if line.startswith("|")]
    tables = rows.count("| --- | --- | --- |")
    assert len(RULES) == len(rows) - 2 * tables > 100


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.sentence[:60])
def test_every_rule_has_a_place_and_a_test(rule: Rule) -> None:
    assert re.findall(r"`[\w.]+`", rule.where)
    assert re.findall(r"`test_\w+(?:\.py)?`", rule.tests)
    assert "test_" not in re.sub(r"`test_\w+(?:\.py)?`", "", rule.tests)


def test_every_test_that_the_rules_name_is_there() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    text = "\n".join(file.read_text("utf-8") for file in files)
    tests = {*re.findall(r"def (test_\w+)", text), *(file.name for file in files)}
    named = {name for rule in RULES for name in re.findall(r"`([^`]*)`", rule.tests)}
    assert len(named) > 100
    assert named - tests == set()


@pytest.mark.parametrize("service", sorted({rule.service for rule in RULES}))
def test_every_place_that_the_rules_name_is_there(service: str) -> None:
    """A name may leave out modules, but none that it has is wrong; one of another service begins with its package."""
    own = [*_defined(ROOT / "shared"), *_defined(ROOT / "services" / service)]
    elsewhere = list(_defined(ROOT / "services"))
    named = {name for rule in RULES if rule.service == service for name in re.findall(r"`([^`]*)`", rule.where)}
    assert {
        name
        for name in named
        if not any(_is(name.split("."), each) for each in (elsewhere if re.match(r"\w+_service\.", name) else own))
    } == set()


def _defined(folder: Path) -> Iterator[Name]:
    """Functions, classes and values, each with the modules, classes and functions around it."""
    for file in sorted(folder.rglob("*.py")):
        module = file.relative_to(folder).with_suffix("").parts
        yield from _names(ast.parse(file.read_text("utf-8")).body, module)


def _names(body: Sequence[ast.stmt], around: Name) -> Iterator[Name]:
    for each in body:
        match each:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield (*around, name)
                yield from _names(each.body, (*around, name))
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                yield (*around, name)


def _is(name: Sequence[str], defined: Name) -> bool:
    rest = iter(defined)
    return name[-1] == defined[-1] and all(part in rest for part in name)
