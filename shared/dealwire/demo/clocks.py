"""Leads that time does something with: one that two AMs bid for, and one whose AM lets it lie.

Nobody waits two business hours for a demonstration, so lead-service is told to count faster: in the settings of the
stack that the demonstration starts, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from dealwire.cli.console import Failure
from dealwire.demo.sample import Sample, SampleLead
from dealwire.demo.story import As, Ending, Story

ACCEPT_SECONDS = 12
GRAB_SECONDS = 3
_HOUR = 3600

FASTER: Mapping[str, Mapping[str, str]] = {
    "lead-service": {
        "DEALWIRE_POLICY": json.dumps(
            {
                "acceptance_hours": ACCEPT_SECONDS / _HOUR,
                "acceptance_time": "wall",
                "grab_window": {"hours": GRAB_SECONDS / _HOUR},
            }
        )
    }
}
"""What the demonstration tells the services, by name."""

_BIDDERS = ("luis.garcia", "emma.smith")
_STAND_IN = "noah.meyer"


async def let_time_pass(sample: Sample, as_: As) -> AsyncIterator[Ending]:
    """Plays the leads that the clock has a part in, one after the other."""
    for lead in sample.clocks:
        story = Waiting(lead, as_)
        try:
            yield await (story.grabbed() if lead.road == "grabbed" else story.let_lie())
        except Failure as failure:
            yield Ending(lead, "broke off", failure.detail)


class Waiting(Story):
    """A lead on its road, and the clock at work."""

    def __init__(self, lead: SampleLead, as_: As) -> None:
        super().__init__(lead, as_)
        self._path = ""

    async def grabbed(self) -> Ending:
        """Two AMs bid for a lead in the pool; the better bid has it, and both see why."""
        await self._qualified()
        for by in _BIDDERS:
            await self._as(by, "am").post(f"{self._path}/bid", key=self._key(f"bid-{by}"))
        loser = self._as(_BIDDERS[-1], "am")
        grab = await self._until(
            lambda: loser.get(f"{self._path}/grab"), lambda grab: grab["decided_at"], "the grab is decided"
        )
        scores = ", ".join(f"{each['am_id']} {each['score']:g} points" for each in grab["ranking"])
        right = grab["am_id"] in _BIDDERS and len(grab["ranking"]) == len(_BIDDERS)
        return Ending(self._lead, f"grabbed by {grab['am_id']}: {scores}", "" if right else f"decided as {grab}")

    async def let_lie(self) -> Ending:
        """An AM does not accept in time: the lead returns by itself and goes to another, who does."""
        lead = await self._qualified()
        late = lead["am_id"]
        lead = await self._until(
            lambda: self._so.get(self._path), lambda lead: lead["am_id"] == _STAND_IN, f"{_STAND_IN} has the lead"
        )
        accepted = await self._as(_STAND_IN, "am").post(f"{self._path}/accept", key=self._key("accept"))
        happened = await self._so.get(f"{self._path}/timeline")
        returned = [event for event in happened["items"] if event["type"] == "lead.returned.v1"]
        right = len(returned) == 1 and accepted["status"] == "accepted"
        late = returned[0]["data"]["am_id"] if returned else late
        return Ending(self._lead, f"{late} let it lie, so {_STAND_IN} has it", "" if right else f"returned {returned}")

    async def _qualified(self) -> dict[str, Any]:
        captured = await self._so.post("/lead/v1/leads", self._lead.told, key=self._key("capture"))
        self._path = f"/lead/v1/leads/{captured['id']}"
        await self._knows_the_members(captured["id"])
        lead: dict[str, Any] = await self._so.post(f"{self._path}/qualify", self._lead.bant, key=self._key("qualify"))
        return lead
