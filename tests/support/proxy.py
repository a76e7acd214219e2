"""A TCP proxy whose line can be cut: what a network does between a service and its broker."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """Forwards to a loopback port until the line is cut (connections reset, new ones refused) or goes silent
    (connections stay open, nothing arrives any more); `restore` ends both.
    """

    port: int

    def __init__(self, target_url: str) -> None:
        """`target_url` is where clients would connect without the proxy; `url` is the same through it."""
        self._target_url = target_url
        target = urlsplit(target_url)
        assert target.hostname, f"{target_url} names no host"
        assert target.port, f"{target_url} names no port"
        self._target = (target.hostname, target.port)
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()

    @property
    def url(self) -> str:
        parts = urlsplit(self._target_url)
        credentials = parts.netloc.rpartition("@")[0]
        host = f"127.0.0.1:{self.port}"
        return urlunsplit(parts._replace(netloc=f"{credentials}@{host}" if credentials else host))

    async def restore(self) -> None:
        """Let everything pass."""
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", getattr(self, "port", 0))
            self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Reset all connections and refuse new ones."""
        if self._server:
            self._server.close()
            self._server = None
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def silence(self) -> None:
        """Let nothing pass in either direction, with connections left open."""
        self._flowing.clear()

    async def __aenter__(self) -> Self:
        await self.restore()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.ensure_future(self._join(reader, writer))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
            return
        try:
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._forward(reader, to_writer))
                directions.create_task(self._forward(to_reader, writer))
        except* OSError:
            pass
        finally:
            _reset(writer)
            _reset(to_writer)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(1 << 16):
            await self._flowing.wait()
            sink.write(data)
            await sink.drain()
        raise ConnectionResetError  # one side has closed: so does the other


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset instead of an orderly end of the stream."""
    with suppress(OSError):  # closed already
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
