from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import (
    CALENDAR,
    CHEN,
    EMAIL,
    EVERY_STATUS,
    LI,
    MONDAY_10H,
    PHONE,
    POLICY,
    a_capture,
    a_contact,
    a_lead,
    an_accepted_lead,
    an_assigned_lead,
)

from dealwire.catalogue.common import Money
from dealwire.catalogue.duplicates import LeadAbsorbed, LeadMerged, LeadSeparated, LeadUnmerged
from dealwire.errors import Conflict
from lead_service.domain.clock import deadlines
from lead_service.domain.intake import link as link_to
from lead_service.domain.lead import AccountLink, Lead, MergedAway, Status
from lead_service.domain.merging import absorb, merge, release, unmerge, which_survives

OTHER_PHONE, OTHER_EMAIL = "+8613900139000", "fang@example.org"
UNMERGED = sorted(set(Status) - {Status.MERGED})
CUSTOMER = AccountLink(account_id="acc-1", name="协和医疗", am_id=LI)
link = partial(link_to, now=MONDAY_10H, calendar=CALENDAR, policy=POLICY)


def the_other(**told: Any) -> Lead:
    told = {"contact": a_contact(phone=OTHER_PHONE, email=None), "industry": None, "region": None, "need": None, **told}
    return a_lead("lead-2", **told)


def both(lead: Lead, other: Lead) -> tuple[Lead, Lead]:
    """The one that went, and the survivor."""
    return merge(lead, other.id)[0], absorb(other, lead)[0]


def apart(went: Lead, survivor: Lead) -> tuple[Lead, Lead]:
    return unmerge(went)[0], release(survivor, went.id)[0]


def test_the_survivor_is_found_by_what_found_the_other_and_learns_what_it_did_not_know() -> None:
    _, (event,) = absorb(the_other(), a_lead())
    survivor, _ = absorb(the_other(), a_lead())
    assert survivor.keys == (f"phone:{OTHER_PHONE}", f"phone:{PHONE}", f"email:{EMAIL}")
    assert survivor.capture.contact == a_contact(phone=OTHER_PHONE)
    assert (survivor.capture.industry, survivor.capture.region, survivor.captures) == ("medical", "华东", 2)
    assert event == LeadAbsorbed(
        lead_id="lead-2",
        absorbed_id="lead-1",
        captures=2,
        contact=survivor.capture.contact,
        industry="medical",
        region="华东",
        need="Twenty gateways by June",
    )


def test_a_colleagues_number_and_address_are_not_taken_for_the_survivors() -> None:
    colleague = a_lead("lead-2", contact=a_contact(name="陈杰", phone=OTHER_PHONE, email=None))
    survivor, (event,) = absorb(colleague, a_lead())
    assert isinstance(event, LeadAbsorbed)
    assert survivor.capture.contact == event.contact == colleague.capture.contact
    assert f"email:{EMAIL}" in survivor.keys


def test_a_merged_lead_keeps_what_it_was_and_gives_keys_am_and_clocks_up() -> None:
    lead = an_assigned_lead(LI)
    merged, (event,) = merge(lead, "lead-2")
    assert event == LeadMerged(lead_id="lead-1", into="lead-2", was="assigned", am_id=LI)
    assert (merged.status, merged.keys, merged.blocks, merged.am_id) == (Status.MERGED, ("merged:lead-1",), (), None)
    assert deadlines(merged) == []
    assert merged.merged
    assert merged.merged.lead == lead


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.MERGED, Status.CONVERTED}))
def test_a_merge_undone_gives_both_back_exactly(status: Status) -> None:
    lead, other = (
        EVERY_STATUS[status],
        an_accepted_lead(CHEN).model_copy(update={"id": "lead-2", "keys": ("phone:+1",)}),
    )
    went, survivor = both(lead, other)
    assert apart(went, survivor) == (lead, other)
    _, (event,) = unmerge(went)
    assert event == LeadUnmerged(lead_id="lead-1", out_of="lead-2", status=status, am_id=lead.am_id)
    assert isinstance(release(survivor, "lead-1")[1][0], LeadSeparated)


KNOWN = st.fixed_dictionaries(
    {
        "industry": st.sampled_from([None, "medical"]),
        "region": st.sampled_from([None, "华东"]),
        "size": st.sampled_from([None, 20]),
        "uscc": st.sampled_from([None, "91110000600037341L"]),
        "contact": st.builds(
            a_contact,
            phone=st.sampled_from([None, OTHER_PHONE]),
            email=st.sampled_from([EMAIL, OTHER_EMAIL]),
        ),
    }
)


@given(KNOWN, KNOWN, st.booleans(), st.booleans())
def test_whatever_was_known_of_both_a_merge_undone_gives_both_back(
    one: dict[str, Any], two: dict[str, Any], mine: bool, theirs: bool
) -> None:
    lead, other = a_lead(**one), a_lead("lead-2", **two)
    other = other.model_copy(update={"keys": tuple(key for key in other.keys if key not in lead.keys) or ("phone:+2",)})
    lead = lead.model_copy(update={"customer": CUSTOMER if mine else None})
    other = other.model_copy(update={"customer": CUSTOMER if theirs else None})
    assert apart(*both(lead, other)) == (lead, other)


def test_what_came_in_meanwhile_stays_with_the_survivor() -> None:
    lead, other = a_lead(), the_other()
    went, survivor = both(lead, other)
    told = a_capture(contact=a_contact(phone=PHONE, email=OTHER_EMAIL), size=500)
    survivor, _ = link(survivor, told)
    back, survivor = apart(went, survivor)
    assert back == lead
    assert (survivor.captures, survivor.capture.size) == (2, 500)
    assert survivor.keys == (f"phone:{OTHER_PHONE}", f"email:{OTHER_EMAIL}")


def test_merges_are_undone_in_any_order() -> None:
    leads = [
        a_lead("lead-1", contact=a_contact(phone=f"+{number}", email=None), region=None, size=size, industry=industry)
        for number, (size, industry) in enumerate([(None, None), (5, None), (9, "medical")])
    ]
    leads = [lead.model_copy(update={"id": f"lead-{number}"}) for number, lead in enumerate(leads)]
    for order in itertools.permutations([1, 2]):
        survivor, went = leads[0], {}
        for number in (1, 2):
            went[number], survivor = both(leads[number], survivor)
        assert survivor.was_also == ("lead-1", "lead-2")
        for number in order:
            back, survivor = apart(went[number], survivor)
            assert back == leads[number]
        assert survivor == leads[0]


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(UNMERGED, 2)))
def test_the_one_further_along_survives(one: Status, other: Status) -> None:
    lead, there = EVERY_STATUS[one], EVERY_STATUS[other].model_copy(update={"id": "lead-2"})
    goes, survives = which_survives(lead, there)
    if goes.status is not Status.CONVERTED:
        assert merge(goes, survives.id)[0].status is Status.MERGED
    absorb(survives, goes)
    if not {one, other} <= {Status.DISCARDED, Status.ARCHIVED, Status.WITHDRAWN}:
        with pytest.raises(Conflict) as no:
            absorb(goes, survives)
        assert no.value.slug == "merge-the-other-way"


def test_of_two_equally_far_the_older_survives() -> None:
    younger = a_lead("lead-0").model_copy(update={"captured_at": MONDAY_10H.replace(hour=5)})
    assert which_survives(younger, a_lead()) == which_survives(a_lead(), younger) == (younger, a_lead())


def test_a_converted_lead_goes_into_no_other() -> None:
    with pytest.raises(Conflict) as no:
        merge(EVERY_STATUS[Status.CONVERTED], "lead-2")
    assert no.value.slug == "lead-converted"


def test_a_merge_given_twice_takes_effect_once_and_into_a_third_not_at_all() -> None:
    went, survivor = both(a_lead(), the_other())
    assert merge(went, "lead-2") == (went, ())
    assert absorb(survivor, a_lead()) == (survivor, ())
    refused: tuple[Callable[[], object], ...] = (
        lambda: merge(went, "lead-3"),
        lambda: absorb(went, a_lead("lead-4")),
        lambda: link(went, a_capture()),
    )
    for command in refused:
        with pytest.raises(MergedAway) as no:
            command()
        assert no.value.into == "lead-2"
    with pytest.raises(Conflict) as not_merged:
        unmerge(a_lead())
    assert not_merged.value.slug == "lead-not-merged"
    assert release(a_lead(), "lead-9") == (a_lead(), ())


def test_a_merge_into_a_lead_that_went_on_is_undone_after_that_one() -> None:
    _, survivor = both(a_lead(), the_other())
    gone_on, _ = merge(survivor, "lead-3")
    with pytest.raises(Conflict) as no:
        release(gone_on, "lead-1")
    assert no.value.slug == "merged-further"


def test_a_survivor_that_another_am_has_does_not_take_the_others_customer() -> None:
    with_customer = a_lead().model_copy(update={"customer": CUSTOMER})
    assert absorb(the_other(), with_customer)[0].customer == CUSTOMER
    held = an_assigned_lead(CHEN).model_copy(update={"id": "lead-2"})
    assert absorb(held, with_customer)[0].customer is None


@given(st.lists(st.tuples(st.sampled_from(["link", "merge", "undo"]), st.integers(0, 1)), max_size=12))
def test_merging_and_undoing_neither_loses_nor_doubles_what_captures_cost(steps: list[tuple[str, int]]) -> None:
    leads = {"lead-1": a_lead(cost=cny(1)), "lead-2": the_other(cost=cny(2))}
    told = 3
    for number, (step, place) in enumerate(steps):
        one, other = leads["lead-1"], leads["lead-2"]
        if step == "merge" and not (one.merged or other.merged):
            leads["lead-1"], leads["lead-2"] = both(one, other)
        elif step == "undo" and one.merged:
            leads["lead-1"], leads["lead-2"] = apart(one, other)
        elif step == "link":
            cost = 10 ** (number + 1)
            which = "lead-2" if one.merged else f"lead-{place + 1}"
            leads[which], _ = link(leads[which], a_capture(cost=cny(cost)))
            told += cost
    costs = [cost.minor for lead in leads.values() for cost in _all_costs(lead)]
    assert sum(costs) == told


def _all_costs(lead: Lead) -> list[Money]:
    """As the report adds them up."""
    return [*([lead.capture.cost] if lead.capture.cost else []), *(each.cost for each in lead.linked_costs)]


def cny(minor: int) -> Money:
    return Money(minor=minor, currency="CNY")
