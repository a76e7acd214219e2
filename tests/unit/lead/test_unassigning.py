from __future__ import annotations

import pytest
from unit.lead.builders import (
    CALENDAR,
    CHEN,
    EVERY_STATUS,
    LI,
    MONDAY_12H,
    NOBODY,
    POLICY,
    WANG,
    a_member,
    a_roster,
    an_accepted_lead,
    an_assigned_lead,
)

from dealwire.catalogue.common import Role
from dealwire.catalogue.lead import LeadAssigned
from dealwire.catalogue.lead_care import LeadUnassigned
from dealwire.errors import Conflict, Forbidden
from lead_service.domain.clock import deadlines
from lead_service.domain.cooldown import cooling_until
from lead_service.domain.intake import discard
from lead_service.domain.lead import OPEN, Lead, Status
from lead_service.domain.progress import assign
from lead_service.domain.routing import Roster
from lead_service.domain.unassigning import leave, unassign

OF_AN_AM = (an_assigned_lead(), an_accepted_lead())
WITHOUT_LI = a_roster(a_member(LI, active=False), a_member(CHEN), a_member(WANG, Role.SE))


def taken_back(lead: Lead, by: str | None = None) -> Lead:
    return unassign(lead, "no such number", by, MONDAY_12H, CALENDAR, POLICY)[0]


@pytest.mark.parametrize("lead", OF_AN_AM, ids=lambda lead: str(lead.status))
@pytest.mark.parametrize(("by", "why"), [(LI, "given_back"), (None, "taken_back")])
def test_an_am_gives_a_lead_back_with_a_reason_or_sales_operations_takes_it_back(
    lead: Lead, by: str | None, why: str
) -> None:
    back, (event,) = unassign(lead, "no such number", by, MONDAY_12H, CALENDAR, POLICY)
    told = {"lead_id": lead.id, "company": lead.capture.company, "am_id": LI, "why": why, "reason": "no such number"}
    assert event == LeadUnassigned.model_validate(told)
    assert (back.status, back.am_id, back.se_id, back.passed_over) == (Status.INTAKE, None, None, (LI,))
    assert cooling_until(back, LI, MONDAY_12H)
    assert {each.name for each in deadlines(back)} == {"completion", "archive"}
    assert discard(back, "no such number")[0].status is Status.DISCARDED
    assert assign(back, None, a_roster(), MONDAY_12H, CALENDAR, POLICY)[0].am_id == CHEN


def test_only_a_lead_that_an_am_has_is_given_back_and_only_by_that_am() -> None:
    with pytest.raises(Forbidden):
        taken_back(an_accepted_lead(), by=CHEN)
    for status in set(Status) - set(OPEN):
        with pytest.raises(Conflict):
            taken_back(EVERY_STATUS[status])


@pytest.mark.parametrize("lead", OF_AN_AM, ids=lambda lead: str(lead.status))
def test_a_lead_whose_am_has_left_returns_to_intake_and_is_assigned_to_another(lead: Lead) -> None:
    given, (left, assigned) = leave(lead, WITHOUT_LI, MONDAY_12H, CALENDAR, POLICY)
    assert isinstance(left, LeadUnassigned)
    assert isinstance(assigned, LeadAssigned)
    assert (left.am_id, left.why, assigned.am_id) == (LI, "am_left", CHEN)
    assert (given.status, given.am_id, given.accepted_at) == (Status.ASSIGNED, CHEN, None)
    waiting, (_,) = leave(lead, NOBODY, MONDAY_12H, CALENDAR, POLICY)
    assert (waiting.status, waiting.am_id) == (Status.INTAKE, None)


@pytest.mark.parametrize("roster", [a_roster(), WITHOUT_LI], ids=["works here", "has left"])
def test_nobody_loses_a_lead_without_having_left(roster: Roster) -> None:
    for status, lead in EVERY_STATUS.items():
        stays = status not in OPEN or roster is not WITHOUT_LI
        assert (leave(lead, roster, MONDAY_12H, CALENDAR, POLICY) == (lead, ())) is stays


def test_who_is_an_am_no_longer_has_left_as_well() -> None:
    now_an_se = a_roster(a_member(LI, Role.SE), a_member(CHEN))
    assert leave(an_accepted_lead(), now_an_se, MONDAY_12H, CALENDAR, POLICY)[0].am_id == CHEN
