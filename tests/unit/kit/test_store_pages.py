from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dealwire.errors import Rejected
from dealwire.kit.store.pages import a_time, make_cursor, read_cursor

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.datetimes(timezones=st.just(UTC)), st.text())
def test_a_cursor_says_what_it_was_made_of(at: datetime, id_: str) -> None:
    cursor = make_cursor(at.isoformat(), id_)
    assert read_cursor(cursor, (a_time, str)) == [at, id_]
    assert cursor.replace("-", "").replace("_", "").isalnum()  # may stand in a URL as it is


@given(st.text() | json_values.map(lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode()))
@example(base64.urlsafe_b64encode(b"[Infinity]").decode())
@example(make_cursor("0001-01-01T00:00:00+14:00", "t1"))
@example(base64.urlsafe_b64encode(b"[" * 100_000).decode())
def test_whatever_a_caller_makes_up_is_a_cursor_or_rejected(cursor: str) -> None:
    for kinds in ((int,), (a_time, str)):
        with suppress(Rejected):
            assert len(read_cursor(cursor, kinds)) == len(kinds)


def test_the_fault_is_named() -> None:
    with pytest.raises(Rejected) as rejected:
        read_cursor("nonsense", (int,))
    assert (rejected.value.slug, rejected.value.pointer) == ("bad-cursor", "cursor")
