from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import CHEN, LI, NOBODY, WANG, a_lead, a_member, a_roster

from dealwire.catalogue.common import Role
from dealwire.catalogue.people import Absence, MemberChanged
from dealwire.errors import Rejected
from lead_service.domain.lead import Lead
from lead_service.domain.routing import Roster, choose, route

MONDAY = date(2025, 3, 10)
TODAY = Absence(first=MONDAY - timedelta(days=3), last=MONDAY)
YESTERDAY = Absence(first=MONDAY - timedelta(days=3), last=MONDAY - timedelta(days=1))
GENERALIST = a_member("am.gu", industries=())
INDUSTRIES = st.lists(st.sampled_from(["medical", "Medical", "ｍｅｄｉｃａｌ", "energy"]), max_size=2).map(tuple)
MEMBERS = st.lists(
    st.builds(
        MemberChanged,
        member_id=st.sampled_from([f"m{number}" for number in range(8)]),
        name=st.just("Somebody"),
        roles=st.sampled_from([(Role.AM,), (Role.AM,), (Role.SE,), (Role.AM, Role.SE), (Role.SO,)]),
        industries=INDUSTRIES,
        active=st.sampled_from([True, True, False]),
        absences=st.sampled_from([(), (), (TODAY,), (YESTERDAY,)]),
        max_open_leads=st.sampled_from([None, None, 0, 2]),
    ),
    max_size=8,
    unique_by=lambda member: member.member_id,
)
ROSTERS = st.builds(
    Roster,
    MEMBERS,
    st.dictionaries(st.sampled_from([f"m{number}" for number in range(8)]), st.integers(0, 3)),
    st.just(MONDAY),
)
LEADS = st.builds(
    lambda industry, passed_over: a_lead(industry=industry).model_copy(update={"passed_over": passed_over}),
    st.sampled_from(["medical", "energy", "retail", None]),
    st.lists(st.sampled_from([f"m{number}" for number in range(8)]), max_size=3).map(tuple),
)


def test_a_lead_goes_to_the_am_of_its_industry_and_an_se_of_the_industry_is_copied() -> None:
    others = (a_member("am.energy", industries=("energy",)), a_member("se.energy", Role.SE, industries=("energy",)))
    to = route(a_lead(), a_roster(*others, a_member(LI), a_member(WANG, Role.SE), load={LI: 9}))
    assert to is not None
    assert (to.am_id, to.se_id) == (LI, WANG)
    assert to.because == ("works in medical", "am.li has the fewest open leads (9) of 1")


def test_of_several_the_am_with_the_fewest_open_leads_gets_it() -> None:
    to = route(a_lead(), a_roster(load={LI: 2, CHEN: 1}))
    assert to is not None
    assert to.am_id == CHEN
    assert to.because[-1] == "am.chen has the fewest open leads (1) of 2"


def test_leads_are_spread_over_ams_who_have_equally_many() -> None:
    team = [a_member(f"am.{number}") for number in range(4)]
    got = Counter(to.am_id for each in range(400) if (to := route(a_lead(f"lead-{each}"), a_roster(*team))))
    assert set(got) == {member.member_id for member in team}
    assert max(got.values()) < 2 * min(got.values())


def test_specialists_come_before_generalists_however_busy() -> None:
    to = route(a_lead(), a_roster(GENERALIST, a_member(LI), load={LI: 50}))
    assert to is not None
    assert to.am_id == LI


@pytest.mark.parametrize("industry", ["space", None])
def test_where_nobody_has_the_industry_the_generalists_are_asked(industry: str | None) -> None:
    roster = a_roster(a_member(LI), GENERALIST, a_member("se.gu", Role.SE, industries=()))
    to = route(a_lead(industry=industry), roster)
    assert to is not None
    assert (to.am_id, to.se_id) == ("am.gu", "se.gu")
    in_vain = ["nobody free works in space"] if industry else []
    assert to.because == (*in_vain, "has no industry of their own", "am.gu has the fewest open leads (0) of 1")


def test_whoever_let_the_lead_lie_is_not_asked_again() -> None:
    lead = a_lead().model_copy(update={"passed_over": (LI,)})
    first = route(lead, a_roster(a_member(LI), a_member(CHEN), load={CHEN: 9}))
    assert first is not None
    assert first.am_id == CHEN
    assert route(lead, a_roster(a_member(LI))) is None


def test_industries_are_the_same_in_any_case_and_width() -> None:
    assert route(a_lead(industry="ＭＥＤＩＣＡＬ"), a_roster(a_member(LI))) is not None
    assert route(a_lead(industry="medical"), a_roster(a_member(LI, industries=("Ｍedical",)))) is not None


def test_nobody_there_means_nobody() -> None:
    assert route(a_lead(), NOBODY) is None
    assert route(a_lead(), a_roster(a_member(LI, active=False), a_member(WANG, Role.SE))) is None


def test_sales_operations_may_choose_any_active_am() -> None:
    to = choose(a_lead(), LI, a_roster())
    assert (to.am_id, to.se_id, to.because) == (LI, WANG, ("chosen by sales operations",))


@pytest.mark.parametrize("am_id", ["am.gone", WANG, "nobody"])
def test_sales_operations_cannot_choose_who_is_no_active_am(am_id: str) -> None:
    roster = a_roster(a_member(LI), a_member("am.gone", active=False), a_member(WANG, Role.SE))
    with pytest.raises(Rejected) as no:
        choose(a_lead(), am_id, roster)
    assert (no.value.slug, no.value.pointer) == ("no-such-am", "/am_id")


def test_the_se_is_somebody_else_than_the_am() -> None:
    both = a_member(LI, Role.AM, Role.SE)
    alone = route(a_lead(), a_roster(both))
    assert alone is not None
    assert (alone.am_id, alone.se_id) == (LI, None)
    assert choose(a_lead(), LI, a_roster(both, a_member(WANG, Role.SE))).se_id == WANG


def is_full(member: MemberChanged, roster: Roster) -> bool:
    return member.max_open_leads is not None and roster.load.get(member.member_id, 0) >= member.max_open_leads


@given(LEADS, ROSTERS)
def test_who_gets_a_lead_is_an_active_am_with_the_least_load_of_those_it_is_for(lead: Lead, roster: Roster) -> None:
    to = route(lead, roster)
    free = {
        member.member_id: {industry.casefold().replace("ｍｅｄｉｃａｌ", "medical") for industry in member.industries}
        for member in roster.members
        if member.active and Role.AM in member.roles and member.member_id not in lead.passed_over
        if TODAY not in member.absences and not is_full(member, roster)
    }
    specialists = {am_id for am_id, industries in free.items() if lead.capture.industry in industries}
    asked = specialists or {am_id for am_id, industries in free.items() if not industries}
    if to is None:
        assert not asked
        return
    assert to.am_id in asked
    assert roster.load.get(to.am_id, 0) == min(roster.load.get(am_id, 0) for am_id in asked)
    if to.se_id is not None:
        assert to.se_id != to.am_id
        assert to.se_id in {member.member_id for member in roster.active(Role.SE)}
    assert route(lead, roster) == to
