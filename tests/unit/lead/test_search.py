"""What is found by which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_service.domain.search import asked, terms


def found(query: str, *texts: str) -> bool:
    """As a list of leads looks."""
    there = terms(*texts)
    return bool(asked(query)) and all(any(term.startswith(word) for term in there) for word in asked(query))


@pytest.mark.parametrize(
    "query",
    [
        "协和",
        "協和",
        "医疗",
        "和医",
        "王",
        "芳",
        "ＳＩＥＭＥＮＳ",
        "siem",
        "Siemens 协和",
        "healthineers",
        "139100",
        "w.f@example.com",
    ],
)
def test_what_was_typed_is_found_in_any_width_case_and_script(query: str) -> None:
    assert found(query, "协和醫療有限公司", "王芳", "Siemens Healthineers", "13910002000", "w.f@example.com")


@pytest.mark.parametrize("query", ["和协", "疗医", "iemens", "王芳芳", "...", ""])
def test_what_was_not_typed_is_not_found(query: str) -> None:
    assert not found(query, "协和醫療有限公司", "王芳", "Siemens Healthineers")


@given(st.text(max_size=60), st.integers(0, 60), st.integers(1, 20))
def test_any_piece_that_begins_with_a_word_is_found(text: str, start: int, length: int) -> None:
    piece = text.split()[start % len(text.split())][:length] if text.split() else ""
    if asked(piece) and len(terms(text)) < 60 and terms(piece) and text.startswith(piece):
        assert found(piece, text)


@given(st.lists(st.text(max_size=500), max_size=5))
def test_an_index_bears_the_terms_of_any_text(texts: list[str]) -> None:
    there = terms(*texts)
    assert len(there) <= 60
    assert len(set(there)) == len(there)
    assert all(0 < len(term) <= 40 for term in there)
