from __future__ import annotations

from datetime import timedelta

import pytest
from support.place import Place
from support.tally import a_cause, a_store, count, open_tally

from dealwire.errors import NotFound, Rejected
from dealwire.event import utc_now


async def test_pages_hold_every_record_once_newest_first_however_equal_their_times_and_whatever_is_added(
    place: Place,
) -> None:
    async with a_store(place) as tallies:
        now = utc_now()
        new = [(f"t{number:02}", open_tally(f"t{number:02}")) for number in range(20)]
        await tallies.create_many(new, a_cause(now=now))
        await tallies.create("older", open_tally("older"), a_cause(now=now - timedelta(hours=1)))
        seen, cursor = [], None
        while True:
            page = await tallies.page({}, cursor=cursor, limit=7)
            seen += [record.id for record in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            added = f"new-{len(seen)}"
            await tallies.create(added, open_tally(added), a_cause(now=now + timedelta(seconds=len(seen))))
        assert seen == [*(f"t{number:02}" for number in reversed(range(20))), "older"]


async def test_a_page_of_a_query_holds_only_what_matches(place: Place) -> None:
    async with a_store(place) as tallies:
        for number in range(6):
            await tallies.create(f"t{number}", open_tally(f"t{number}"), a_cause())
        await tallies.change("t4", count, a_cause())
        await tallies.change("t2", count, a_cause())
        page = await tallies.page({"state.total": 1}, limit=1)
        rest = await tallies.page({"state.total": 1}, cursor=page.next_cursor, limit=1)
        assert [record.id for record in (*page.items, *rest.items)] == ["t4", "t2"]
        assert rest.next_cursor is None
        assert await tallies.count_by("state.id", {"state.total": 1}) == {"t4": 1, "t2": 1}
        oldest = await tallies.find_one({"state.total": 1})
        assert oldest is not None
        assert oldest.id == "t2"
        assert await tallies.find_one({"state.total": 7}) is None


async def test_a_cursor_that_no_list_gave_is_rejected(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause())
        for cursor in ("x", "e30", "WzFd", "W10", "💥"):
            with pytest.raises(Rejected):
                await tallies.page({}, cursor=cursor)
        with pytest.raises(Rejected):
            await tallies.timeline("t1", cursor="WyJhIl0")


async def test_a_timeline_tells_everything_in_order_announced_or_not(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause())
        await tallies.create("other", open_tally("other"), a_cause())
        for _ in range(11):
            await tallies.change("t1", count, a_cause())
        told = (await tallies.timeline("t1")).items
        for announced in (5, 12):
            await tallies.outbox.settle({"t1": told[:announced]})
            seen, cursor = [], None
            while True:
                page = await tallies.timeline("t1", cursor=cursor, limit=5)
                seen += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert seen == told
        assert [event.sequence for event in told] == list(range(1, 13))
        with pytest.raises(NotFound):
            await tallies.timeline("nobody")
