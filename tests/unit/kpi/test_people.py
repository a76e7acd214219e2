from __future__ import annotations

from datetime import date

import pytest
from unit.kpi.builders import a_member

from dealwire.catalogue.common import Role
from dealwire.catalogue.people import Absence, MemberChanged, Membership, TeamChanged
from dealwire.errors import Rejected
from kpi_service.domain.people import Stint, Team, put_member, put_team, stints
from kpi_service.domain.period import named


def since(team_id: str | None, day: str) -> Membership:
    return Membership(team_id=team_id, since=date.fromisoformat(day))


def test_a_team_that_changes_tells_its_whole_state() -> None:
    formed, events = put_team("north", None, Team(name="华北", manager_id="lead.han"))

    assert events == (TeamChanged(team_id="north", name="华北", manager_id="lead.han"),)
    _, events = put_team("north", formed, Team(name="华北", region="Beijing"))
    assert events == (TeamChanged(team_id="north", name="华北", region="Beijing"),)


def test_putting_the_same_team_again_changes_nothing() -> None:
    team, _ = put_team("north", None, Team(name="华北"))
    assert put_team("north", team, Team(name="华北")) == (team, ())


def test_a_member_that_changes_tells_its_whole_state() -> None:
    wanted = a_member(industries=("retail",), memberships=(since("north", "2017-01-01"),))

    member, events = put_member("am.li", None, wanted)

    assert member == wanted
    assert events == (
        MemberChanged(
            member_id="am.li",
            name="李雷",
            roles=(Role.AM,),
            memberships=(since("north", "2017-01-01"),),
            industries=("retail",),
        ),
    )


def test_putting_the_same_member_again_changes_nothing() -> None:
    wanted = a_member(roles=(Role.TEAM_LEAD, Role.AM, Role.AM))
    member, _ = put_member("am.li", None, wanted)
    assert put_member("am.li", member, wanted) == (member, ())


def test_a_member_has_at_least_one_role() -> None:
    with pytest.raises(Rejected) as no:
        put_member("am.li", None, a_member(roles=()))
    assert (no.value.slug, no.value.pointer) == ("member-without-role", "/roles")


def test_a_machine_is_no_member() -> None:
    with pytest.raises(Rejected) as no:
        put_member("robot", None, a_member(roles=(Role.AM, Role.MACHINE)))
    assert no.value.slug == "machine-is-no-member"


def test_nobody_is_their_own_manager() -> None:
    with pytest.raises(Rejected) as no:
        put_member("am.li", None, a_member(manager_id="am.li"))
    assert no.value.slug == "own-manager"


def test_a_member_is_in_at_most_one_team_on_a_day() -> None:
    with pytest.raises(Rejected) as no:
        put_member("am.li", None, a_member(memberships=(since("north", "2017-01-01"), since("south", "2017-01-01"))))
    assert no.value.slug == "two-teams-on-a-day"


def test_memberships_are_kept_in_order_without_entries_that_change_nothing() -> None:
    wanted = a_member(
        memberships=(
            since("south", "2017-06-01"),
            since(None, "2016-01-01"),
            since("north", "2017-01-01"),
            since("north", "2017-03-01"),
        )
    )
    member, _ = put_member("am.li", None, wanted)
    assert member.memberships == (since("north", "2017-01-01"), since("south", "2017-06-01"))


def test_an_absence_ends_on_the_day_it_begins_or_later() -> None:
    monday, friday = date(2017, 1, 2), date(2017, 1, 6)
    one_day, week = Absence(first=friday, last=friday), Absence(first=monday, last=friday)
    member, (event,) = put_member("am.li", None, a_member(absences=(one_day, week)))
    assert isinstance(event, MemberChanged)
    assert member.absences == event.absences == (week, one_day)
    with pytest.raises(Rejected) as no:
        put_member("am.li", None, a_member(absences=(one_day, Absence(first=friday, last=monday))))
    assert (no.value.slug, no.value.pointer) == ("absence-ends-first", "/absences/1/last")


def test_a_figure_of_a_past_day_counts_for_the_team_of_that_day() -> None:
    mover = a_member(
        memberships=(
            since("north", "2016-01-01"),
            since("south", "2017-03-10"),
            since(None, "2017-03-15"),
            since("north", "2017-03-20"),
        )
    )
    people = [("am.li", mover), ("am.mo", a_member())]

    assert stints("north", people, named("2017-03")) == (
        Stint("am.li", date(2017, 3, 1), date(2017, 3, 9)),
        Stint("am.li", date(2017, 3, 20), date(2017, 3, 31)),
    )
    assert stints("south", people, named("2017-03")) == (Stint("am.li", date(2017, 3, 10), date(2017, 3, 14)),)
    assert stints("south", people, named("2017-02")) == ()
