"""deploy/prometheus/alerts.yml beside the metrics that a service shows and the commands there are."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from support.cli import run
from unit.deploy.places import DEPLOY

from dealwire.kit import metrics

(GROUP,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in GROUP["rules"]}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}


def asked_for(alert: str) -> set[str]:
    return set(re.findall(r"\bdealwire_\w+", ALERTS[alert]["expr"]))


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_asks_for_what_a_service_shows_and_says_what_to_do(alert: str) -> None:
    shown = {f"{each.name}{suffix}" for each in REGISTRY.collect() for suffix in SUFFIXES.get(each.type, ("",))}
    assert asked_for(alert) <= shown
    assert asked_for(alert) or alert == "DealwireDown"
    assert ALERTS[alert]["annotations"].keys() == {"summary", "action"}


def test_somebody_hears_of_pending_events_and_of_a_service_that_does_not_consume() -> None:
    asked = set().union(*map(asked_for, ALERTS))
    assert {metrics.outbox_oldest_pending_age._name, metrics.consuming._name} <= asked


@pytest.mark.parametrize("alert", ALERTS)
def test_a_command_that_an_alert_names_is_one_that_runs(alert: str) -> None:
    """Without a broker it gets as far as to look for one."""
    action = ALERTS[alert]["annotations"]["action"].replace("{{ $labels.service }}", "kpi-service")
    commands = re.findall(r"`dealwire ([^`]*)`", action)
    assert bool(commands) is (alert == "DealwireDeadLetters")
    for command in commands:
        ran = run(*shlex.split(command), "--amqp-url", "http://localhost")
        assert (ran.status, ran.err) == (1, "The broker's URL is wrong: it must begin with amqp:// or amqps://.\n")
