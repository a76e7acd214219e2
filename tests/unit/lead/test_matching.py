from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from unit.lead.builders import CHEN, EVERY_STATUS, LI, a_capture, a_contact, a_lead, an_assigned_lead

from dealwire.company import core, fold
from lead_service.domain.lead import ALIVE, Capture, Lead, Status
from lead_service.domain.matching import (
    alike,
    blocks,
    company_block,
    company_blocks,
    compare,
    may_be_one,
    near,
    near_companies,
    suggestions,
)
from lead_service.domain.policy import Matching

POINTS = Matching()
LETTERS = "协和华为腾讯云数电器械明川禾木"


def somebody(
    company: str = "协和医疗有限公司", name: str = "王芳", email: str | None = None, **told: object
) -> Capture:
    told = {"region": None, **told}
    return a_capture(company=company, contact=a_contact(name=name, email=email, phone=None), **told)


def score(one: Capture, other: Capture) -> int:
    return compare(one, other, POINTS).score


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (somebody(), somebody("協和醫療（集團）股份有限公司")),
        (somebody("北京协和医疗"), somebody("协和医疗有限公司")),
        (somebody("Acme Systems Ltd", "John Smith"), somebody("Acme Sytems GmbH", "Smith, John")),
        (somebody("华为技术", "李伟"), somebody("华为", "李伟先生", region=None)),
        (somebody("华为技术", "李伟", "li@huawei.com"), somebody("Huawei", "李伟", "liwei@huawei.com")),
        (somebody(name="王芳", email="wang@pumch.cn"), somebody(name="陈杰", email="chen@pumch.cn")),
    ],
    ids=["script", "place", "typing errors", "a longer name", "mail domain and person", "mail domain and company"],
)
def test_company_or_mail_domain_and_person_make_a_likely_duplicate(one: Capture, other: Capture) -> None:
    assert score(one, other) >= POINTS.suggest_from
    assert set(near(one)) & set(blocks(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (somebody(name="王芳"), somebody(name="陈杰")),
        (somebody("协和医疗"), somebody("明川电子")),
        (somebody("北京协和医疗", "王芳"), somebody("北京明川电子", "王芳", region=None)),
        (somebody("明川电子", "王芳", "wang@qq.com"), somebody("协和医疗", "王芳", "fang@qq.com")),
        (somebody("Isdom", "A"), somebody("Is", "B")),
    ],
    ids=["two people", "two companies", "a common name", "free mail", "chance"],
)
def test_one_of_them_alone_does_not(one: Capture, other: Capture) -> None:
    assert score(one, other) < POINTS.suggest_from


def test_a_match_says_what_speaks_for_it() -> None:
    one = somebody(email="wang@pumch.cn", region="华东", contact_title=None)
    match = compare(one, one, POINTS)
    assert match.score == 100
    assert match.because == (
        "the company is the same",
        "both write from pumch.cn",
        "王芳 and 王芳 are 100 % alike",
        "both are in 华东",
    )


COMPANIES = st.text(LETTERS, min_size=2, max_size=8)
CAPTURES = st.builds(
    somebody,
    COMPANIES,
    st.text("王李张芳伟明", min_size=2, max_size=3),
    st.sampled_from([None, "a@pumch.cn", "b@huawei.com", "c@qq.com"]),
    region=st.sampled_from([None, "华东", "华北"]),
)


@given(CAPTURES, CAPTURES)
def test_likeness_is_mutual_and_never_beyond_the_very_same(one: Capture, other: Capture) -> None:
    assert score(one, other) == score(other, one)
    assert 0 <= score(one, other) <= 100
    assert score(one, other) <= score(one, one.model_copy(update={"campaign": "other"}))


@given(CAPTURES, CAPTURES, st.sampled_from(["company", "region"]))
def test_agreeing_in_more_never_makes_a_match_worse(one: Capture, other: Capture, field: str) -> None:
    agreeing = other.model_copy(update={field: getattr(one, field)})
    assert score(one, agreeing) >= score(one, other)


@given(CAPTURES, CAPTURES, st.sampled_from([Matching(), Matching(suggest_from=35), Matching(person=80)]))
def test_what_the_blocks_rule_out_is_never_likely_enough(one: Capture, other: Capture, points: Matching) -> None:
    if compare(one, other, points).score >= points.suggest_from:
        assert may_be_one(blocks(one), blocks(other), points)


def test_the_blocks_rule_out_most() -> None:
    assert not may_be_one(blocks(somebody("协和医疗")), blocks(somebody("明川电子")), POINTS)


@given(st.text(LETTERS, min_size=4, max_size=12), st.data())
def test_a_letter_wrong_missing_or_too_many_still_meets(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from(LETTERS))
    typed = data.draw(
        st.sampled_from(
            [name[:at] + letter + name[at + 1 :], name[:at] + name[at + 1 :], name[:at] + letter + name[at:]]
        )
    )
    assume(core(fold(name)) == name and core(fold(typed)) == typed)
    assert set(near_companies(typed)) & set(company_blocks(name))
    assert alike(typed, name, POINTS) >= POINTS.alike_from


@given(CAPTURES)
def test_a_lead_is_found_by_a_handful_of_blocks_and_first_by_its_company(told: Capture) -> None:
    assert company_block(told.company) == blocks(told)[0]
    assert len(blocks(told)) <= 5
    assert set(blocks(told)) <= set(near(told))
    assert len(near(told)) <= 10


def test_the_likeliest_come_first_and_no_more_than_a_few() -> None:
    others = [a_lead(f"lead-{number}", contact=a_contact(name="王芳" if number % 2 else "陈杰")) for number in range(9)]
    found = suggestions(a_lead("new"), others, POINTS)
    assert [other.id for other, _ in found] == ["lead-1", "lead-3", "lead-5"]
    assert suggestions(a_lead("new"), [a_lead("new")], POINTS) == []


@pytest.mark.parametrize("status", sorted(Status))
def test_what_is_over_is_no_duplicate_of_anything(status: Status) -> None:
    found = suggestions(a_lead("new"), [EVERY_STATUS[status]], POINTS)
    assert bool(found) is (status in ALIVE or status is Status.CONVERTED)


def test_two_leads_of_one_company_with_two_ams_are_suggested_whoever_the_people_are() -> None:
    mine, theirs = (
        an_assigned_lead(LI),
        an_assigned_lead(CHEN, contact=a_contact(name="陈杰", email=None), region="华北"),
    )
    theirs = theirs.model_copy(update={"id": "lead-2"})
    ((_, match),) = suggestions(mine, [theirs], POINTS)
    assert match.because[-1] == f"{LI} has the one and {CHEN} the other"
    others: list[Lead] = [theirs.model_copy(update={"am_id": am_id}) for am_id in (LI, None)]
    assert suggestions(mine, others, POINTS) == []
