"""Which rules were broken, out of the history of all leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from dealwire.event import RecordedEvent
from dealwire.kit.cause import clock_of
from dealwire.kit.store import Database, Index, Order, Page
from dealwire.kit.store.database import Document, needs_database
from lead_service.domain.violations import BROKEN, BY, SAYS, Count, Rule, broken_rule

Whose = Sequence[str | None] | None
"""Of which members, None among them being whoever does intake; of all of them."""
_NEWEST = Order("time", str)


class Violations:
    """Counts and lists events of the history. What has not been announced yet is not there."""

    def __init__(self, database: Database, service: str) -> None:
        self.database = database
        self._clock = clock_of(service)
        # Of what the clock did only: a capture, of which there are most, costs nothing here.
        index = Index({"type": 1, "time": -1, "_id": -1}, where={"actor": self._clock})
        self._events = database.collection("events", (index,))

    @needs_database
    async def count(self, begin: datetime, end: datetime, whose: Whose) -> list[Count]:
        """How often who broke which rule in a period."""
        counts = []
        async for row in self._events.aggregate(self.counting(begin, end, whose)):
            event_type, member_id, says = row["_id"]["type"], row["_id"]["by"], row["_id"]["says"]
            if (rule := broken_rule(event_type, says)) is not None:
                counts.append(Count(member_id, rule, row["n"]))
        return counts

    def counting(self, begin: datetime, end: datetime, whose: Whose) -> list[Document]:
        """The aggregation."""
        types = sorted({sign.event.type for sign in BROKEN.values()})
        says = {name: {"$ifNull": [f"$data.{name}", None]} for name in SAYS}
        group = {"type": "$type", "by": {"$ifNull": [f"$data.{BY}", None]}, "says": says}
        matching = self._clocked(begin, end, whose) | {"type": {"$in": types}}
        return [{"$match": matching}, {"$group": {"_id": group, "n": {"$sum": 1}}}]

    @needs_database
    async def page(
        self, rule: Rule, begin: datetime, end: datetime, whose: Whose, *, cursor: str | None, limit: int
    ) -> Page[RecordedEvent]:
        """The events of a period that say that a rule was broken, newest first. Raises Rejected for a cursor that is
        none.
        """
        conditions = [self.listing(rule, begin, end, whose), *([_NEWEST.after(cursor)] if cursor else [])]
        found = self._events.find({"$and": conditions}).sort(_NEWEST.fields).limit(limit + 1)
        documents = await found.to_list(None)
        shown = documents[:limit]
        more = len(documents) > limit
        return Page([RecordedEvent.model_validate(each) for each in shown], _NEWEST.cursor(shown[-1]) if more else None)

    def listing(self, rule: Rule, begin: datetime, end: datetime, whose: Whose) -> Document:
        """The query."""
        sign = BROKEN[rule]
        says = {f"data.{name}": value for name, value in sign.says.items()}
        return self._clocked(begin, end, whose) | {"type": sign.event.type} | says

    def _clocked(self, begin: datetime, end: datetime, whose: Whose) -> Document:
        time = {"$gte": _text(begin), "$lt": _text(end)}
        by = {} if whose is None else {f"data.{BY}": {"$in": list(whose)}}
        return {"actor": self._clock, "time": time, **by}


def _text(second: datetime) -> str:
    """Before every time within that second, as events write it: with a fraction or without, and a Z."""
    return f"{second.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
