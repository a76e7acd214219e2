"""How many requests this process is answering, so that what can wait lets them go first."""

from __future__ import annotations

import asyncio

_LONGEST_SECONDS = 2.0
_LOOK_SECONDS = 0.02


class Traffic:
    """`requests` that are being answered now."""

    def __init__(self) -> None:
        self.requests = 0

    async def let_by(self) -> None:
        """Returns when there are none, after two seconds at the latest: under load, work in the background is slow,
        never still.
        """
        now = asyncio.get_running_loop().time
        end = now() + _LONGEST_SECONDS
        while self.requests and now() < end:  # noqa: ASYNC110  # an Event belongs to one loop, and this is the process's
            await asyncio.sleep(_LOOK_SECONDS)


traffic = Traffic()
"""That of the process."""
