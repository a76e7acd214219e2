"""One person who came in twice, in two ways: suggested as likely the same, merged, and taken apart again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from dealwire.cli.console import Failure
from dealwire.demo.sample import Sample
from dealwire.demo.story import As, Ending, Story


async def settle_twins(sample: Sample, as_: As) -> AsyncIterator[Ending]:
    """Plays the twins of the sample: an ending for each of the two."""
    one, other = (Twin(lead, as_) for lead in sample.twins)
    try:
        yield await one.comes_in()
        yield await other.is_settled(one)
    except Failure as failure:
        yield Ending(sample.twins[-1], "broke off", failure.detail)


class Twin(Story):
    """One of the two leads."""

    path = ""

    async def comes_in(self) -> Ending:
        """Captured like anybody."""
        captured = await self._so.post("/lead/v1/leads", self._lead.told, key=self._key("capture"))
        self.path = f"/lead/v1/leads/{captured['id']}"
        return Ending(self._lead, "captured", "" if captured["captures"] == 1 else "linked to somebody")

    async def is_settled(self, twin: Twin) -> Ending:
        """Sales operations merges the two, and takes the merge back: both are what they were."""
        came_in = await self.comes_in()
        if came_in.wrong:
            return came_in
        here, there = (path.rpartition("/")[2] for path in (self.path, twin.path))
        suggested = await self._until(
            lambda: self._so.get("/lead/v1/suggestions", lead_id=here),
            lambda page: any({each["lead_id"], each["other_id"]} == {here, there} for each in page["items"]),
            "the two are suggested as one",
        )
        score = suggested["items"][0]["score"]
        before: dict[str, Any] = await self._so.get(self.path)
        await self._so.post(f"{self.path}/merge", {"into": there}, key=self._key("merge"))
        again = await self._so.post(f"{self.path}/unmerge", key=self._key("unmerge"))
        happened = [
            event["type"].split(".")[1]
            for path in (self.path, twin.path)
            for event in (await self._so.get(f"{path}/timeline"))["items"]
        ]
        right = {"merged", "unmerged", "absorbed", "separated"} <= set(happened) and all(
            again[field] == before[field] for field in ("status", "company", "contact")
        )
        told = f"{score} % likely the same: merged, and taken apart again"
        return Ending(self._lead, told, "" if right else f"happened: {happened}")
