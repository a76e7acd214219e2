from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import ANSWERS, CALENDAR, MONDAY_10H, NOBODY, POLICY, a_lead

from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead import LeadQualified
from dealwire.catalogue.lead_rules import Criterion, GradeRule, IdealCustomer, ScoringModel, ScoringModelPublished, Use
from dealwire.errors import Conflict, Rejected
from lead_service.domain.lead import Lead, Status
from lead_service.domain.models import ModelVersion, PublishedModel, built_in, must_make_sense, panel, publish
from lead_service.domain.progress import qualify
from lead_service.domain.versions import in_force

DAY = timedelta(days=1)
MEDICAL = ScoringModel(
    weights={Criterion.INDUSTRY: 60, Criterion.NEED: 40},
    grades=(GradeRule(grade=Grade.A, score=90),),
    ideal=IdealCustomer(industries=("medical",)),
)


def published(
    name: str = "medical",
    known: PublishedModel | None = None,
    *,
    use: Use = Use.DECIDES,
    since: datetime | None = None,
    now: datetime = MONDAY_10H,
) -> PublishedModel:
    return publish(name, known, MEDICAL, use, since, None, now)[0]


def labels(*models: PublishedModel, now: datetime = MONDAY_10H) -> list[str]:
    """Of the models in force, the one that decides first."""
    return [version.label for version in panel(models, POLICY, now)]


def graded(lead: Lead, *models: PublishedModel, now: datetime = MONDAY_10H) -> Lead:
    return qualify(lead, ANSWERS["B"], NOBODY, now, CALENDAR, POLICY, models)[0]


def test_a_published_version_of_a_scoring_model_is_never_changed() -> None:
    first, (event,) = publish("medical", None, MEDICAL, Use.DECIDES, None, "Hospitals first", MONDAY_10H)
    assert event == ScoringModelPublished(
        name="medical",
        version=1,
        effective_from=MONDAY_10H,
        use=Use.DECIDES,
        note="Hospitals first",
        **dict(MEDICAL),
    )
    second, (event,) = publish("medical", first, MEDICAL, Use.OFF, MONDAY_10H + DAY, None, MONDAY_10H)
    assert isinstance(event, ScoringModelPublished)
    assert (second.versions[:1], event.version, event.use) == (first.versions, 2, Use.OFF)


def test_a_version_is_in_force_from_its_date_until_the_next_one_is() -> None:
    model = published("medical", published(), since=MONDAY_10H + DAY)
    assert labels(model, now=MONDAY_10H - DAY) == ["bant.v1"]
    assert labels(model)[0] == "medical.v1"
    assert labels(model, now=MONDAY_10H + DAY)[0] == "medical.v2"


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(0, 9))
def test_exactly_one_version_of_a_model_is_in_force_once_one_has_begun(days: list[int], today: int) -> None:
    model = None
    for each in days:
        model = published("medical", model, since=MONDAY_10H + each * DAY)
    current = in_force(model.versions, MONDAY_10H + today * DAY) if model else None
    begun = [each for each in days if each <= today]
    assert (current is not None) is bool(begun)
    if current:
        assert current.effective_from == MONDAY_10H + max(begun) * DAY
        assert current.version == max(number for number, each in enumerate(days, 1) if each == max(begun))


def test_a_version_comes_into_effect_now_or_later() -> None:
    for since in (MONDAY_10H - timedelta(milliseconds=1), MONDAY_10H + 4000 * DAY, datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(Rejected) as no:
            published(since=since)
        assert (no.value.slug, no.value.pointer) == ("bad-effective-date", "/effective_from")
    assert published(since=MONDAY_10H + timedelta(microseconds=1)).versions[0].effective_from == MONDAY_10H


def test_of_several_models_side_by_side_one_decides_and_the_others_score_along() -> None:
    older, newer = published("older"), published("newer", since=MONDAY_10H + DAY)
    along, off = published("along", use=Use.ALONG), published("off", use=Use.OFF)
    assert labels(older, newer, along, off) == ["older.v1", "along.v1", "bant.v1"]
    assert labels(off, along, newer, older, now=MONDAY_10H + DAY) == ["newer.v1", "along.v1", "bant.v1", "older.v1"]
    lead = graded(a_lead(), older, along)
    assert (lead.model, lead.score, lead.grade, lead.status) == ("older.v1", 96, Grade.A, Status.INTAKE)
    assert [(verdict.model, verdict.grade) for verdict in lead.along] == [("along.v1", Grade.A), ("bant.v1", Grade.B)]
    assert [reason.because for reason in lead.reasons] == [
        "the industry medical is the ideal customer's, worth 60 points",
        "need is at 90 of 100, worth up to 40 points",
    ]


def test_bant_decides_until_something_else_is_published() -> None:
    assert labels() == labels(published("along", use=Use.ALONG))[:1] == ["bant.v1"]
    replaced = published("bant")
    assert labels(replaced) == ["bant.v2"]
    assert labels(published("bant", replaced, use=Use.OFF)) == ["bant.v1"]


def test_a_lead_remembers_which_version_scored_it_until_it_is_qualified_again() -> None:
    models = published(), published("along", use=Use.ALONG)
    lead = graded(a_lead())
    assert (lead.model, lead.grade) == ("bant.v1", Grade.B)
    again, (event,) = qualify(lead, ANSWERS["B"], NOBODY, MONDAY_10H, CALENDAR, POLICY, models)
    assert isinstance(event, LeadQualified)
    assert (again.model, again.grade) == (event.model, event.grade) == ("medical.v1", Grade.A)
    assert event.along == again.along
    assert qualify(again, ANSWERS["B"], NOBODY, MONDAY_10H + DAY, CALENDAR, POLICY, models) == (again, ())


@pytest.mark.parametrize(
    ("changes", "slug", "pointer"),
    [
        ({"weights": {}}, "weighs-nothing", "/weights"),
        ({"weights": {Criterion.NEED: 0}}, "weighs-nothing", "/weights"),
        ({"grades": (GradeRule(grade=Grade.C, score=1),)}, "grade-c-is-the-rest", "/grades/0"),
        ({"grades": (GradeRule(grade=Grade.A),)}, "rule-of-nothing", "/grades/0"),
        ({"grades": (GradeRule(grade=Grade.A, score=101),)}, "out-of-reach", "/grades/0/score"),
        ({"ideal": IdealCustomer()}, "ideal-unknown", "/ideal/industries"),
        ({"weights": {Criterion.SIZE: 100}}, "ideal-unknown", "/ideal/size_from"),
        (
            {"grades": (GradeRule(grade=Grade.A, at_least={Criterion.PAIN: 100}),)},
            "ideal-unknown",
            "/ideal/pains",
        ),
        (
            {"ideal": IdealCustomer(industries=("medical",), size_from=2, size_to=1)},
            "sizes-reversed",
            "/ideal/size_from",
        ),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(changes: dict[str, Any], slug: str, pointer: str) -> None:
    with pytest.raises(Rejected) as no:
        publish("medical", None, MEDICAL.model_copy(update=changes), Use.DECIDES, None, None, MONDAY_10H)
    assert (no.value.slug, no.value.pointer) == (slug, pointer)
    must_make_sense(built_in(POLICY))


def test_of_a_hundred_versions_one_that_is_over_makes_room_for_the_next() -> None:
    model = published()
    for _ in range(102):
        model = published("medical", model)
    assert [version.version for version in model.versions] == list(range(4, 104))


def test_versions_that_are_in_force_or_wait_for_their_date_make_room_for_none() -> None:
    begun, later = published().versions[0], MONDAY_10H + DAY
    waiting = [begun.model_copy(update={"version": number, "effective_from": later}) for number in range(2, 101)]
    with pytest.raises(Conflict, match="when the first of them has begun"):
        published("medical", PublishedModel(name="medical", versions=(begun, *waiting)))


def test_a_model_comes_back_from_the_store_as_it_went_in() -> None:
    model = published()
    assert PublishedModel.model_validate(model.model_dump()) == model
    assert ModelVersion.model_validate(model.versions[0].model_dump(mode="json")) == model.versions[0]
