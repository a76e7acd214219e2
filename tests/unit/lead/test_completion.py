from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from unit.lead.builders import (
    CALENDAR,
    CHEN,
    EVERY_STATUS,
    LI,
    MONDAY_10H,
    POLICY,
    a_capture,
    a_contact,
    a_discarded_lead,
    a_lead,
    an_accepted_lead,
    an_archived_lead,
    an_assigned_lead,
)

from dealwire.calendar import Deadline
from dealwire.catalogue.lead import Facts, LeadFactsCompleted, LeadFactsOverdue
from dealwire.errors import Conflict, Forbidden
from lead_service.domain.archive import reactivate
from lead_service.domain.completion import deadlines, escalate, missing
from lead_service.domain.correction import complete
from lead_service.domain.intake import capture, link
from lead_service.domain.lead import ALIVE, Status
from lead_service.domain.policy import Span

TUESDAY_10H = MONDAY_10H + timedelta(days=1)
TICK = timedelta(milliseconds=1)


def test_missing_facts_are_completed_within_a_day() -> None:
    lead = a_lead(region=None)
    assert missing(lead) == ("region", "size")
    assert deadlines(lead) == [Deadline("completion", TUESDAY_10H)]
    completed, (event,) = complete(lead, Facts(region="华东", size=800), None)
    assert (completed.capture.region, completed.capture.size, completed.capture.industry) == ("华东", 800, "medical")
    assert deadlines(completed) == []
    known = Facts(
        company="协和医疗有限公司", industry="medical", region="华东", size=800, need="Twenty gateways by June"
    )
    assert event == LeadFactsCompleted(lead_id="lead-1", facts=known, contact=a_contact(), missing=())


@pytest.mark.parametrize(("time", "due_hours"), [("wall", 20), ("business", 20 + 2 * 15)])
def test_a_deployment_says_how_long_that_is_and_by_which_clock(time: Any, due_hours: int) -> None:
    """Twenty business hours from Monday at ten are eight on Monday, nine on Tuesday and three on Wednesday."""
    policy = POLICY.model_copy(update={"completion": Span(hours=20, time=time), "required_facts": ("size",)})
    lead, _ = capture("lead-1", a_capture(), MONDAY_10H, CALENDAR, policy)
    assert deadlines(lead) == [Deadline("completion", MONDAY_10H + timedelta(hours=due_hours))]
    assert missing(lead) == ("size",)


def test_a_lead_whose_facts_are_not_complete_in_time_escalates_once_naming_what_is_missing() -> None:
    lead = a_lead()
    assert escalate(lead, TUESDAY_10H - TICK) == (lead, ())
    escalated, (event,) = escalate(lead, TUESDAY_10H)
    assert event == LeadFactsOverdue(lead_id="lead-1", company="协和医疗有限公司", missing=("size",), due=TUESDAY_10H)
    assert escalate(escalated, TUESDAY_10H) == (escalated, ())
    assert deadlines(escalated) == []
    assert missing(escalated) == ("size",)


def test_what_a_linked_capture_tells_counts_as_completed() -> None:
    lead, _ = link(a_lead(), a_capture(size=800), MONDAY_10H, CALENDAR, POLICY)
    assert (missing(lead), deadlines(lead)) == ((), [])


def test_a_lead_that_comes_back_has_a_day_again() -> None:
    lead, _ = escalate(a_lead(), TUESDAY_10H)
    discarded = a_discarded_lead().model_copy(update={"completion": lead.completion})
    again, _ = link(discarded, a_capture(), TUESDAY_10H, CALENDAR, POLICY)
    archived = an_archived_lead().model_copy(update={"completion": lead.completion})
    reactivated, _ = reactivate(archived, TUESDAY_10H, CALENDAR, POLICY)
    for back in (again, reactivated):
        assert deadlines(back) == [Deadline("completion", TUESDAY_10H + timedelta(days=1))]


def test_the_facts_of_a_lead_that_is_over_are_not_asked_for() -> None:
    for status, lead in EVERY_STATUS.items():
        assert bool(deadlines(lead)) is (status in ALIVE)
        if status not in ALIVE:
            with pytest.raises(Conflict):
                complete(lead, Facts(size=800), None)


def test_facts_are_completed_by_sales_operations_or_the_leads_am() -> None:
    for lead in (an_assigned_lead(), an_accepted_lead()):
        assert complete(lead, Facts(size=800), LI)[1] == complete(lead, Facts(size=800), None)[1]
        with pytest.raises(Forbidden):
            complete(lead, Facts(size=800), CHEN)
    with pytest.raises(Forbidden):
        complete(EVERY_STATUS[Status.POOL], Facts(size=800), LI)


def test_the_same_facts_again_change_nothing_and_others_correct_them() -> None:
    lead, _ = complete(a_lead(), Facts(size=800), None)
    assert complete(lead, Facts(size=800), None) == (lead, ())
    assert complete(lead, Facts(), None) == (lead, ())
    corrected, (event,) = complete(lead, Facts(size=900), None)
    assert corrected.capture.size == 900
    assert isinstance(event, LeadFactsCompleted)
    assert event.facts.size == 900
