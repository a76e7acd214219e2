"""A published schema may only gain optional fields."""

from __future__ import annotations

from typing import ClassVar, Literal

import pytest
from pydantic import BaseModel, Field

from dealwire.cli.documents.compatibility import breaks
from dealwire.cli.documents.schemas import schema_of
from dealwire.event import EventData


class Part(BaseModel):
    name: str


class Thing(EventData):
    """A thing happened."""

    type: ClassVar[str] = "thing.happened.v1"

    id: str
    size: int = 0
    colour: Literal["red", "green"] | None = None
    parts: tuple[Part, ...] = ()


def objections(changed: type[EventData]) -> list[str]:
    return list(breaks("thing.happened.v1", schema_of(Thing), schema_of(changed)))


def test_the_same_schema_breaks_nothing() -> None:
    assert objections(Thing) == []


def test_it_may_gain_an_optional_field() -> None:
    class Changed(Thing):
        weight: float | None = None

    assert objections(Changed) == []


def test_a_part_of_it_may_gain_an_optional_field() -> None:
    class PartWithPrice(Part):
        price: int = 0

    class Changed(Thing):
        parts: tuple[PartWithPrice, ...] = ()

    assert objections(Changed) == []


def test_other_words_about_it_change_nothing() -> None:
    class Changed(Thing):
        """Something else is said of it."""

        id: str = Field(description="Which thing.")

    assert objections(Changed) == []


def test_values_in_another_order_change_nothing() -> None:
    class Changed(Thing):
        colour: Literal["green", "red"] | None = None

    assert objections(Changed) == []


def test_it_may_not_lose_a_field() -> None:
    class Changed(EventData):
        type: ClassVar[str] = "thing.happened.v1"
        id: str
        colour: Literal["red", "green"] | None = None
        parts: tuple[Part, ...] = ()

    assert objections(Changed) == [
        "thing.happened.v1 is published, and /data/size is gone. Declare a new version of the event instead."
    ]


def test_it_may_not_gain_a_required_field() -> None:
    class Changed(Thing):
        weight: float

    assert any("/data/weight is required now" in each for each in objections(Changed))


def test_an_optional_field_may_not_become_required() -> None:
    class Changed(Thing):
        size: int

    assert any("/data/size is required now" in each for each in objections(Changed))


def test_a_required_field_may_not_become_optional() -> None:
    class Changed(Thing):
        id: str = ""

    assert any("/data/id is no longer required" in each for each in objections(Changed))


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"size": (str, "")}, "/data/size"),
        ({"size": (int, 1)}, "/data/size says 1 in place of 0"),
        ({"colour": (Literal["red", "green", "blue"] | None, None)}, "/data/colour"),
        ({"colour": (Literal["red"] | None, None)}, "/data/colour"),
        ({"id": (str, Field(max_length=5))}, "/data/id has gained the rule 'maxLength'"),
        ({"parts": (tuple[str, ...], ())}, "/data/parts"),
    ],
)
def test_no_field_may_change_what_it_says(fields: dict[str, tuple[type, object]], what: str) -> None:
    annotations = {name: annotation for name, (annotation, _) in fields.items()}
    defaults = {name: default for name, (_, default) in fields.items()}
    changed = type("Changed", (Thing,), {"__annotations__": annotations, **defaults})
    assert any(what in each for each in objections(changed))


def test_a_field_of_a_part_may_not_change_either() -> None:
    class Numbered(BaseModel):
        name: int

    class Changed(Thing):
        parts: tuple[Numbered, ...] = ()  # type: ignore[assignment]  # that is the change

    assert any("/data/parts/*/name says 'integer' in place of 'string'" in each for each in objections(Changed))


def test_an_event_may_not_leave_the_catalogue_in_silence() -> None:
    [objection] = breaks("thing.happened.v1", schema_of(Thing), None)
    assert objection.startswith("thing.happened.v1 is published and no longer in the catalogue. Declare it again, or ")
