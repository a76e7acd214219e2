"""Calling services that may be away, die or be slow: as a client should."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from uuid import uuid4

import httpx
from support.department import Json

from dealwire.stack.keys import Keys
from dealwire.stack.plain_http import plain_client

AWAY = {502, 503, 504}
"""Answers after which a client tries again."""

# People think before they act; without it a few of them keep the whole machine busy, and faults are found no sooner.
_THINKING_SECONDS = 0.1


class Patience:
    """Sends each command under an Idempotency-Key of its own, and again under the same one when no answer came or the
    service was away. Any other refusal fails the test.
    """

    def __init__(self, url: str, keys: Keys, *, doubled: bool = False, within: float = 90) -> None:
        """`doubled`: every command is sent twice at once. It gives up after so many seconds."""
        self.answers: Counter[str] = Counter()
        """How often each status was answered, or an error came instead."""
        self.promised: dict[str, int] = {}
        """The highest version that an answer named, by record."""
        self._keys = keys
        self._times = 2 if doubled else 1
        self._within = within
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = plain_client(url, timeout=60, limits=limits)
        self._tokens: dict[tuple[str, str], str] = {}

    async def aclose(self) -> None:
        await self._client.aclose()

    def as_(self, sub: str, role: str, *scopes: str) -> Person:
        if (sub, role) not in self._tokens:
            self._tokens[sub, role] = self._keys.mint(sub, [role], scopes)
        return Person(self, self._tokens[sub, role])

    async def call(self, token: str, method: str, path: str, body: Json | None, key: str = "") -> Json | None:
        """The answer; None for a 404 to a question."""
        headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
        end = time.monotonic() + self._within
        while True:
            try:
                answer = await self._client.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                said = type(error).__name__
                self.answers[said] += 1
            else:
                said = str(answer.status_code)
                self.answers[said] += 1
                if answer.is_success:
                    made: Json = answer.json()
                    return made
                if method == "GET" and answer.status_code == httpx.codes.NOT_FOUND:
                    return None
                assert answer.status_code in AWAY, f"{method} {path}: {answer.status_code} {answer.text}"
            assert time.monotonic() < end, f"{method} {path}: still {said} after {self._within} s"
            await asyncio.sleep(random.uniform(0.05, 0.4))

    async def command(self, token: str, method: str, path: str, body: Json | None) -> Json:
        """Done once, however often it is sent."""
        await asyncio.sleep(random.uniform(0, 2 * _THINKING_SECONDS))
        key = str(uuid4())
        answers = await asyncio.gather(*(self.call(token, method, path, body, key) for _ in range(self._times)))
        assert answers[0]
        assert len({answer and answer.get("id") for answer in answers}) == 1, f"{method} {path}: {answers}"
        for answer in answers:
            if answer and "version" in answer:
                self.promised[answer["id"]] = max(answer["version"], self.promised.get(answer["id"], 0))
        return answers[0]


@dataclass(frozen=True)
class Person:
    """Somebody who calls."""

    patience: Patience
    token: str

    async def post(self, path: str, body: Json | None = None) -> Json:
        return await self.patience.command(self.token, "POST", path, body)

    async def put(self, path: str, body: Json) -> Json:
        return await self.patience.command(self.token, "PUT", path, body)

    async def get(self, path: str) -> Json | None:
        return await self.patience.call(self.token, "GET", path, None)

    async def sees(self, path: str, within: float = 300) -> Json:
        """What appears there once the events that lead to it have arrived: a broker that is killed while it restarts on
        a busy machine may be away for two minutes.
        """
        end = time.monotonic() + within
        while (found := await self.get(path)) is None:
            assert time.monotonic() < end, f"{path} did not appear within {within} s"
            await asyncio.sleep(0.1)
        return found
