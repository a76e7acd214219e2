"""The README's table of what a service can be told, beside the settings themselves."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

import pytest
from unit.deploy.places import SETTINGS

from dealwire.kit.settings import PREFIX
from dealwire.stack.binaries import ROOT

README = (ROOT / "README.md").read_text("utf-8")
ROWS = re.findall(rf"^\| (`{PREFIX}.*?) \| (.*) \| (.*) \|$", README, re.MULTILINE)
VARIABLES = {
    variable.removeprefix(PREFIX).lower(): meaning
    for variables, meaning, _ in ROWS
    for variable in re.findall(r"`(\w+)`", variables)
}
FIELDS = {name: field for settings in SETTINGS.values() for name, field in settings.model_fields.items()}


def test_every_variable_of_a_service_is_in_the_table_and_no_other() -> None:
    assert VARIABLES.keys() == FIELDS.keys() - {"service"}  # a service knows its name


def test_what_one_service_alone_can_be_told_is_said_to_be_for_it_only() -> None:
    assert len(SETTINGS) == 4
    for name, meaning in VARIABLES.items():
        told = [service for service, settings in SETTINGS.items() if name in settings.model_fields]
        assert meaning.startswith(f"{told[0]} only: ") is (len(told) == 1), name


@pytest.mark.parametrize(("variables", "_meaning", "defaults"), ROWS)
def test_the_defaults_are_those_of_the_settings(variables: str, _meaning: str, defaults: str) -> None:
    names = [each.removeprefix(PREFIX).lower() for each in re.findall(r"`(\w+)`", variables)]
    if shown := re.findall(r"`([^`]*)`", defaults):
        assert shown == [written(FIELDS[name].default) for name in names]
    required = [name for name in names if FIELDS[name].is_required()]
    assert (defaults == "required") is (required == names)


def written(default: Any) -> str:
    """As one would set it."""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return (
        f"{default:%H:%M}"
        if isinstance(default, time)
        else f"{default:g}"
        if isinstance(default, float)
        else str(default)
    )
