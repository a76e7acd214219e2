"""Verification, nurture and the archive."""

from __future__ import annotations

from datetime import timedelta

import pytest
from unit.lead.builders import (
    ANSWERS,
    CALENDAR,
    CHEN,
    EVERY_STATUS,
    LI,
    MONDAY_10H,
    MONDAY_12H,
    POLICY,
    a_capture,
    a_contact,
    a_lead,
    a_roster,
    an_archived_lead,
    an_assigned_lead,
)

from dealwire.calendar import Deadline
from dealwire.catalogue.lead import Facts, LeadLinked, LeadVerified
from dealwire.catalogue.lead_care import LeadArchived, LeadMaterialDue, LeadNurturePlanned, LeadReactivated
from dealwire.errors import Conflict, Forbidden
from lead_service.domain import archive, nurture
from lead_service.domain.correction import complete
from lead_service.domain.intake import link
from lead_service.domain.lead import ALIVE, WITH_SALES_OPS, Status
from lead_service.domain.progress import expire, qualify
from lead_service.domain.verification import verify

DAY = timedelta(days=1)
MONTH = 30 * DAY
CASES = ("Case one", "Case two")


def test_a_lead_is_verified_once_by_the_first_call_or_mail_that_reaches_the_person() -> None:
    lead, (event,) = verify(a_lead(), None, "call", "Wants an offer", MONDAY_12H)
    assert event == LeadVerified(lead_id="lead-1", channel="call", verified_at=MONDAY_12H, note="Wants an offer")
    assert lead.verified_at == MONDAY_12H
    assert verify(lead, None, "mail", None, MONDAY_12H + DAY) == (lead, ())


def test_sales_operations_or_the_leads_am_verify_it() -> None:
    assert verify(an_assigned_lead(), LI, "mail", None, MONDAY_12H)[1]
    with pytest.raises(Forbidden):
        verify(an_assigned_lead(), CHEN, "mail", None, MONDAY_12H)
    for status in set(EVERY_STATUS) - ALIVE:
        with pytest.raises(Conflict):
            verify(EVERY_STATUS[status], None, "call", None, MONDAY_12H)


def test_every_c_lead_begins_with_the_usual_case_material() -> None:
    lead, events = qualify(a_lead(), ANSWERS["C"], a_roster(), MONDAY_10H, CALENDAR, POLICY)
    planned = events[-1]
    assert isinstance(planned, LeadNurturePlanned)
    assert (planned.material, planned.every_days) == (POLICY.nurture_material, 30)
    assert nurture.deadlines(lead) == [Deadline("material", MONDAY_10H + MONTH)]


def test_sales_operations_schedules_case_material_which_comes_piece_by_piece_and_from_the_start_again() -> None:
    lead, (event,) = nurture.plan(a_lead(grade="C"), CASES, 7, MONDAY_10H)
    assert event == LeadNurturePlanned(lead_id="lead-1", material=CASES, every_days=7, next_at=MONDAY_10H + 7 * DAY)
    assert nurture.plan(lead, CASES, 7, MONDAY_12H) == (lead, ())
    sent = []
    for week in (1, 2, 3):
        assert nurture.send_if_due(lead, MONDAY_10H + 7 * week * DAY - timedelta(seconds=1), POLICY) == (lead, ())
        lead, (due,) = nurture.send_if_due(lead, MONDAY_10H + 7 * week * DAY, POLICY)
        assert isinstance(due, LeadMaterialDue)
        assert (due.contact, due.number) == (a_contact(), week)
        sent.append(due.material)
    assert sent == ["Case one", "Case two", "Case one"]


def test_what_was_missed_while_nobody_looked_comes_once() -> None:
    lead, _ = nurture.plan(a_lead(grade="C"), CASES, 7, MONDAY_10H)
    late, (due,) = nurture.send_if_due(lead, MONDAY_10H + 50 * DAY, POLICY)
    assert isinstance(due, LeadMaterialDue)
    assert due.number == 1
    assert nurture.deadlines(late) == [Deadline("material", MONDAY_10H + 57 * DAY)]


def test_only_a_lead_in_nurture_gets_case_material() -> None:
    for status, lead in EVERY_STATUS.items():
        assert bool(nurture.deadlines(lead)) is (status is Status.NURTURE)
        if status is not Status.NURTURE:
            with pytest.raises(Conflict):
                nurture.plan(lead, CASES, 7, MONDAY_10H)


def test_a_lead_that_nobody_has_is_archived_with_a_reason() -> None:
    for status, lead in EVERY_STATUS.items():
        if status in WITH_SALES_OPS:
            archived, events = archive.archive(lead, "no budget")
            assert (archived.status, archived.archived_because) == (Status.ARCHIVED, "no budget")
            assert events == (LeadArchived(lead_id="lead-1", reason="no budget"),)
            assert archive.archive(archived, "no budget") == (archived, ())
        else:
            with pytest.raises(Conflict):
                archive.archive(lead, "another reason")


def test_a_lead_that_nothing_new_is_heard_of_for_180_days_is_archived() -> None:
    for lead in (a_lead(), a_lead(grade="B"), a_lead(grade="C")):
        due = MONDAY_10H + 180 * DAY
        assert archive.deadlines(lead) == [Deadline("archive", due)]
        assert archive.archive_if_forgotten(lead, due - timedelta(seconds=1)) == (lead, ())
        archived, (event,) = archive.archive_if_forgotten(lead, due)
        assert isinstance(event, LeadArchived)
        assert (archived.status, archive.deadlines(archived)) == (Status.ARCHIVED, [])
    assert archive.deadlines(an_assigned_lead()) == []


def test_news_of_a_lead_keep_it_for_another_180_days() -> None:
    later = MONDAY_10H + 100 * DAY
    heard, _ = link(a_lead(), a_capture(), later, CALENDAR, POLICY)
    qualified, _ = qualify(a_lead(), ANSWERS["B"], a_roster(), later, CALENDAR, POLICY)
    returned, _ = expire(an_assigned_lead(), a_roster(), later, CALENDAR, POLICY)
    found_out = archive.kept_for_news(complete(a_lead(), Facts(size=800), None), later, CALENDAR, POLICY)
    assert found_out[1]
    for lead in (heard, qualified, returned, found_out[0]):
        assert lead.archive_at == later + 180 * DAY
    nothing_new = complete(a_lead(), Facts(), None)
    assert archive.kept_for_news(nothing_new, later, CALENDAR, POLICY) == nothing_new


def test_an_archived_lead_is_reactivated_or_comes_back_with_its_person() -> None:
    again, (event,) = archive.reactivate(an_archived_lead(), MONDAY_12H, CALENDAR, POLICY)
    assert isinstance(event, LeadReactivated)
    back, (linked,) = link(an_archived_lead(), a_capture(), MONDAY_12H, CALENDAR, POLICY)
    assert isinstance(linked, LeadLinked)
    assert linked.reopened
    for lead in (again, back):
        assert (lead.status, lead.archived_because, lead.archive_at) == (Status.INTAKE, None, MONDAY_12H + 180 * DAY)
    with pytest.raises(Conflict):
        archive.reactivate(a_lead(), MONDAY_12H, CALENDAR, POLICY)
