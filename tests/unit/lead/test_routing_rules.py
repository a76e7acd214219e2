from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from unit.lead.builders import CHEN, LI, MONDAY_10H, a_lead, a_member, a_roster

from dealwire.catalogue.common import Grade, Role
from dealwire.catalogue.lead_rules import (
    Expertise,
    RoutingCondition,
    RoutingPublished,
    RoutingRule,
    RoutingTarget,
)
from dealwire.catalogue.people import Absence, MemberChanged, Membership
from dealwire.errors import Rejected
from lead_service.domain.routing import Explanation, Prospect, Roster, choose, explain, route
from lead_service.domain.routing_rules import (
    BUILT_IN,
    PublishedRouting,
    RoutingVersion,
    publish,
    routing_in_force,
)

DAY = timedelta(days=1)
MONDAY = date(2025, 3, 10)
EVERYBODY = RoutingRule(name="everybody")
GAO = a_member("tl.gao", Role.AM, Role.TEAM_LEAD, industries=())
EAST = a_member(
    "am.east",
    regions=("华东",),
    product_lines=("imaging",),
    memberships=(
        Membership(team_id="team.west", since=MONDAY - 9 * DAY),
        Membership(team_id="team.east", since=MONDAY),
        Membership(team_id="team.west", since=MONDAY + DAY),
    ),
)


def a_rule(name: str = "rule", *, to: dict[str, Any] | None = None, **when: Any) -> RoutingRule:
    return RoutingRule(name=name, when=RoutingCondition(**when), to=RoutingTarget(**(to or {})))


def by(*rules: RoutingRule) -> RoutingVersion:
    return BUILT_IN.model_copy(update={"version": 7, "rules": rules})


def tried(prospect: Prospect, *rules: RoutingRule, members: tuple[MemberChanged, ...] = ()) -> Explanation:
    return explain(prospect, replace(a_roster(*members), day=MONDAY, routing=by(*rules)))


def a_prospect(**facts: Any) -> Prospect:
    known = {"industry": "medical", "region": "华东", "product_line": "imaging", "size": 500, "grade": Grade.A}
    return Prospect(**{"id": "lead-1", **known, **facts})


def test_rules_are_tried_in_order_and_the_first_that_finds_a_free_am_routes_the_lead() -> None:
    rules = (
        a_rule("energy", industries=("energy",)),
        a_rule("named", to={"members": ("am.nobody",)}),
        a_rule("region", to={"experts": ("industry", "region")}),
        EVERYBODY,
    )
    found = tried(a_prospect(), *rules, members=(a_member(LI), EAST))
    assert found.to is not None
    assert (found.to.am_id, found.to.routing, found.to.rule) == ("am.east", "routing.v7", "region")
    assert found.to.because == (
        "nobody free is named by the rule",
        "works in medical and 华东",
        "am.east has the fewest open leads (0) of 1",
    )
    assert [(each.rule, each.applies, each.because) for each in found.tried] == [
        ("energy", False, "for industry energy; the lead's is medical"),
        ("named", True, "nobody free is named by the rule"),
        ("region", True, "works in medical and 华东"),
    ]


@pytest.mark.parametrize(
    ("when", "fits", "does_not"),
    [
        ({"industries": ("energy", "Medical")}, {}, {"industry": "retail"}),
        ({"industries": ("medical",)}, {}, {"industry": None}),
        ({"regions": ("華東",)}, {}, {"region": "华南"}),
        ({"product_lines": ("imaging",)}, {}, {"product_line": "lab"}),
        ({"grades": (Grade.A,)}, {}, {"grade": Grade.B}),
        ({"size_from": 500}, {}, {"size": 499}),
        ({"size_to": 500}, {}, {"size": 501}),
        ({"size_from": 1}, {}, {"size": None}),
        ({"customer": True}, {"customers_am": LI}, {}),
        ({"customer": False}, {}, {"customers_am": LI}),
        ({"industries": ("medical",), "grades": (Grade.A,)}, {}, {"grade": Grade.C}),
    ],
)
def test_a_rule_is_for_leads_of_whom_all_that_it_names_holds(
    when: dict[str, Any], fits: dict[str, Any], does_not: dict[str, Any]
) -> None:
    assert tried(a_prospect(**fits), a_rule(**when)).to is not None
    (no,) = tried(a_prospect(**does_not), a_rule(**when)).tried
    assert (no.applies, no.free) == (False, ())
    assert no.because.startswith("for ")


@pytest.mark.parametrize(
    ("to", "asked"),
    [
        ({}, {LI, "am.east", "tl.gao"}),
        ({"experts": ("industry",)}, {LI, "am.east"}),
        ({"experts": ("industry", "region")}, {"am.east"}),
        ({"experts": ("product_line",)}, {"am.east"}),
        ({"generalists": ("industry",)}, {"tl.gao"}),
        ({"generalists": ("region",), "experts": ("industry",)}, {LI}),
        ({"members": (LI, "se.wang")}, {LI}),
        ({"role": Role.TEAM_LEAD}, {"tl.gao"}),
        ({"teams": ("team.east",)}, {"am.east"}),
        ({"teams": ("team.west",)}, set()),
        ({"customers_am": True}, {LI}),
    ],
)
def test_a_rule_asks_those_ams_of_whom_all_that_it_names_holds(to: dict[str, Any], asked: set[str]) -> None:
    members = a_member(LI), EAST, GAO, a_member("se.wang", Role.SE)
    (one,) = tried(a_prospect(customers_am=LI if "customers_am" in to else None), a_rule(to=to), members=members).tried
    assert set(one.free) == asked


def test_a_lead_of_a_customer_goes_to_that_customers_am_first() -> None:
    roster = a_roster(load={CHEN: 9})
    to = explain(a_prospect(customers_am=CHEN), roster).to
    assert to is not None
    assert (to.am_id, to.because[0]) == (CHEN, "is the AM of this customer")
    gone = explain(a_prospect(customers_am="am.gone"), roster).to
    assert gone is not None
    assert (gone.am_id, gone.because[0]) == (LI, "nobody free is the AM of this customer")


def test_who_is_absent_gets_no_lead_from_the_first_day_to_the_last() -> None:
    away = a_member(LI, absences=(Absence(first=MONDAY, last=MONDAY + DAY),))
    here = {
        (MONDAY + days * DAY).day: route(a_lead(), Roster((away,), {}, MONDAY + days * DAY)) for days in (-1, 0, 1, 2)
    }
    assert [day for day, to in here.items() if to] == [9, 12]
    (industry, *_) = explain(a_prospect(), Roster((away,), {}, MONDAY)).tried[1:]
    assert industry.not_free == ("am.li is absent until 2025-03-11",)
    with pytest.raises(Rejected) as no:
        choose(a_lead(), LI, Roster((away,), {}, MONDAY))
    assert (no.value.slug, no.value.pointer) == ("am-absent", "/am_id")


def test_the_se_is_copied_only_when_here() -> None:
    away = (Absence(first=MONDAY, last=MONDAY),)
    roster = a_roster(a_member(LI), a_member("se.wang", Role.SE, absences=away))
    copied = {day: route(a_lead(), replace(roster, day=day)) for day in (MONDAY, MONDAY + DAY)}
    assert {day: to and to.se_id for day, to in copied.items()} == {MONDAY: None, MONDAY + DAY: "se.wang"}


def test_who_has_as_many_leads_as_may_be_gets_no_more_but_may_be_named() -> None:
    full = a_member(LI, max_open_leads=2)
    assert route(a_lead(), a_roster(full, load={LI: 1})) is not None
    assert route(a_lead(), a_roster(full, load={LI: 2})) is None
    assert explain(a_prospect(), a_roster(full, load={LI: 2})).tried[1].not_free == (
        "am.li has 2 open leads, as many as may be",
    )
    assert choose(a_lead(), LI, a_roster(full, load={LI: 2})).am_id == LI


def test_a_published_version_of_the_routing_is_never_changed() -> None:
    first, (event,) = publish(None, [EVERYBODY], None, "One for all", MONDAY_10H)
    assert event == RoutingPublished(version=2, effective_from=MONDAY_10H, rules=(EVERYBODY,), note="One for all")
    second, _ = publish(first, [a_rule("other")], MONDAY_10H + DAY, None, MONDAY_10H)
    assert second.versions[:1] == first.versions
    assert [version.version for version in second.versions] == [2, 3]
    assert PublishedRouting.model_validate(second.model_dump()) == second


def test_the_routing_built_in_is_in_force_until_another_has_begun() -> None:
    later, _ = publish(None, [EVERYBODY], MONDAY_10H + DAY, None, MONDAY_10H)
    assert routing_in_force(None, MONDAY_10H) is BUILT_IN
    assert routing_in_force(later, MONDAY_10H) is BUILT_IN
    assert routing_in_force(later, MONDAY_10H + DAY).version == 2


@pytest.mark.parametrize(
    ("rules", "slug", "pointer"),
    [
        ((EVERYBODY, EVERYBODY), "same-name", "/rules/0/name"),
        ((EVERYBODY, a_rule(size_from=2, size_to=1)), "sizes-reversed", "/rules/1/when/size_from"),
        (
            (a_rule(to={"experts": (Expertise.REGION,), "generalists": (Expertise.REGION,)}),),
            "expert-and-generalist",
            "/rules/0/to/generalists",
        ),
    ],
)
def test_a_routing_that_makes_no_sense_is_refused(rules: tuple[RoutingRule, ...], slug: str, pointer: str) -> None:
    with pytest.raises(Rejected) as no:
        publish(None, rules, None, None, MONDAY_10H)
    assert (no.value.slug, no.value.pointer) == (slug, pointer)


def test_one_customer_never_has_two_ams_while_its_own_works_here() -> None:
    customers = a_prospect(customers_am=LI)
    everybody = a_rule()
    (one,) = tried(customers, everybody, members=(a_member(LI), EAST)).tried
    assert one.free == (LI,)
    (gone,) = tried(customers, everybody, members=(a_member(LI, active=False), EAST)).tried
    assert gone.free == ("am.east",)
    assert explain(a_prospect(customers_am=LI, passed_over=(LI,)), Roster((a_member(LI), EAST), {})).to is None
