from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from dealwire.event import Event
from dealwire.kit.cause import Cause
from dealwire.kit.trace import child_traceparent, new_traceparent, trace_id_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def an_event(**more: object) -> Event:
    given = {
        "id": "e1",
        "source": "/lead-service/leads",
        "type": "lead.captured.v1",
        "subject": "l1",
        "time": NOW,
        "dataschema": "urn:x",
        "sequence": 3,
        "correlationid": "c1",
        "actor": "am.li",
        "traceparent": PARENT,
        "data": {},
    }
    return Event.model_validate(given | more)


def test_an_event_is_a_cause_that_a_second_delivery_repeats() -> None:
    cause = Cause.of_event(an_event(), NOW)
    assert (cause.actor, cause.now, cause.correlation_id, cause.causation_id) == ("am.li", NOW, "c1", "e1")
    assert (cause.key, cause.sequence, cause.fingerprint, cause.expected_version) == ("e1", 3, None, None)
    assert cause.client is None
    assert cause.traceparent is not None
    assert trace_id_of(cause.traceparent) == trace_id_of(PARENT)
    assert cause.traceparent != PARENT


def test_an_event_without_a_trace_begins_one() -> None:
    assert re.fullmatch(
        "00-[0-9a-f]{32}-[0-9a-f]{16}-01", str(Cause.of_event(an_event(traceparent=None), NOW).traceparent)
    )


def test_the_clock_is_a_cause_of_its_own_each_time() -> None:
    first, second = (Cause.of_clock("lead-service", NOW) for _ in range(2))
    assert first.actor == "lead-service/clock"
    assert first.correlation_id != second.correlation_id
    assert (first.key, first.client) == (None, None)


def test_a_repeat_makes_the_same_ids_and_anything_else_new_ones() -> None:
    cause = Cause.of_event(an_event(), NOW)
    assert cause.new_id("lead") == Cause.of_event(an_event(), NOW).new_id("lead")
    assert cause.new_id("lead") != cause.new_id("account")
    assert cause.new_id("lead") != Cause.of_event(an_event(id="e2"), NOW).new_id("lead")
    clock = Cause.of_clock("lead-service", NOW)
    assert clock.new_id("lead") != clock.new_id("lead")


def test_a_repeat_makes_the_same_part_of_the_same_record_only() -> None:
    cause = Cause.of_event(an_event(), NOW)
    assert cause.new_id("quote", "deal-1") == cause.new_id("quote", "deal-1")
    assert cause.new_id("quote", "deal-1") != cause.new_id("quote", "deal-2")


@pytest.mark.parametrize(
    "parent",
    [
        "",
        None,
        "nonsense",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        f"{PARENT}-more",
        f"{PARENT}\n",
    ],
)
def test_a_malformed_parent_begins_a_new_trace(parent: str | None) -> None:
    child = child_traceparent(parent)
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", child)
    assert trace_id_of(child) != trace_id_of(PARENT)


def test_a_later_version_of_the_format_is_continued_in_ours() -> None:
    child = child_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-what-comes")
    assert child.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert child.endswith("-01")


def test_what_the_caller_does_not_record_is_not_marked_as_recorded() -> None:
    assert child_traceparent(PARENT[:-2] + "00").endswith("-00")


def test_traces_are_not_repeated_by_a_library_that_seeds_the_random_numbers() -> None:
    import random

    random.seed(1)
    first = new_traceparent()
    random.seed(1)
    assert new_traceparent() != first
