"""Puts load on an endpoint that captures leads, over connections that are kept: a process of its own, and a light one.

`python -m bench.load '{"port": 8000, …}'` (the fields of `Load`) prints what came of it as the fields of `Outcome`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import asdict, dataclass
from itertools import count
from time import perf_counter
from typing import cast

import uvloop

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_BODY = {
    "company": "%(company)s精密影像设备有限公司",
    "contact": {
        "name": "%(person)s",
        "phone": "139 %(n)08d",
        "email": "purchase.%(n)d@imaging-%(n)d.com.cn",
        "title": "采购经理",
    },
    "channel": "expo",
    "campaign": "CMEF spring",
    "cost": {"minor": 12000, "currency": "CNY"},
    "industry": "medical",
    "region": "East China",
    "need": "Two MRI scanners for the new wing, installed before the end of the year",
}


_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜"
_SYLLABLES = (
    "华东明川禾木青云龙泉海岳星河瑞康安泰和盛兴达宏远博雅天成金石玉林春晖秋实北辰南山长江平原锦程光启新元正信德诚"
)


def _spelled(number: int, letters: str, length: int) -> str:
    """A word of so many letters, another one for every number up to what the length allows."""
    return "".join(letters[number // len(letters) ** place % len(letters)] for place in range(length))


def a_stranger(number: int) -> dict[str, object]:
    """Somebody from a company of whom nobody has heard before."""
    mixed = number * 2_654_435_761 % 2**32  # neighbours in number are none in name
    company = _spelled(mixed, _SYLLABLES, 5)
    return {"n": number, "company": company, "person": _spelled(mixed // 7, _SURNAMES, 1) + company[1:3]}


@dataclass(frozen=True)
class Load:
    """For `seconds`, each of `connections` sends the next lead as soon as the last is answered; `first` numbers them."""

    port: int
    path: str
    token: str
    first: int
    seconds: float
    connections: int


@dataclass(frozen=True)
class Outcome:
    """How many were answered with success in how many seconds, and the first answer that was none."""

    answered: int
    seconds: float
    refusal: str | None


class _Run:
    def __init__(self, load: Load) -> None:
        head = (
            f"POST {load.path} HTTP/1.1\r\nhost: 127.0.0.1:{load.port}\r\nauthorization: Bearer {load.token}\r\n"
            "content-type: application/json\r\ncontent-length: "
        )
        self._head = head.encode()
        self._body = json.dumps(_BODY, ensure_ascii=False)
        self._number = count(load.first)
        self.began = perf_counter()
        self.end = self.began + load.seconds
        self.answered = 0
        self.refusal: str | None = None

    def next_request(self) -> bytes:
        body = (self._body % a_stranger(next(self._number))).encode()
        return b"%s%d\r\n\r\n%s" % (self._head, len(body), body)


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = b""
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._run.next_request())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not gap or (length and len(body) < int(length[1])):
            return
        if head.startswith(b"HTTP/1.1 2"):
            self._run.answered += 1
        else:
            self._run.refusal = self._run.refusal or self._buffer.decode(errors="replace")
        self._buffer = b""
        if perf_counter() < self._run.end:
            self._transport.write(self._run.next_request())
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set_result(error)


async def run(load: Load) -> Outcome:
    """Returns when the last request has been answered."""
    this = _Run(load)
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(this), "127.0.0.1", load.port) for _ in range(load.connections)
    ]
    for error in await asyncio.gather(*(connection.lost for _, connection in made)):
        this.refusal = this.refusal or (str(error) if error else None)
    return Outcome(this.answered, perf_counter() - this.began, this.refusal)


async def load_from_outside(load: Load) -> Outcome:
    """The same in a process of its own. Raises when not all of it was answered with success."""
    command = (sys.executable, "-m", "bench.load", json.dumps(asdict(load)))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        told, _ = await asyncio.wait_for(process.communicate(), load.seconds + 30)
    finally:
        if process.returncode is None:
            process.kill()
    outcome = Outcome(**json.loads(told))
    if outcome.refusal or not outcome.answered:
        raise RuntimeError(f"{load.path} does not answer as it should: {outcome.refusal}")
    return outcome


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(run(Load(**json.loads(sys.argv[1])))))))  # noqa: T201
