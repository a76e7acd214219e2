"""A child process that is supervised: logged, waited for, stopped, killed, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

Probe = Callable[[], Awaitable[bool]]
"""Answers whether a process is ready; an `OSError` counts as not yet."""

Progress = Callable[[str], None]
"""Is told, in a few words, what is going on."""

_POLL = 0.02
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StackError(Exception):
    """Part of the stack could not be installed, started or reached; the message says what to do next."""


class Child(Protocol):
    """What a supervisor needs of a process it started."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """The status it ended with, or minus the signal that ended it; None while it runs."""


class Process:
    """One program, its log and the question whether it is ready. It may be started again after it ended.

    It leads a process group of its own, so that Ctrl-C reaches only the parent, which then stops its children in order.
    On Linux the kernel kills it when the thread that started it ends, however that happens: start it from the main one.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        ready: Probe,
        env: Mapping[str, str] | None = None,
        patience: float = 180.0,
    ) -> None:
        """`env` is added to this process's own; `patience` is how many seconds it may take to become ready."""
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._env = dict(env or {})
        self._ready = ready
        self._patience = patience
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    async def start(self) -> None:
        """Start it and return once it is ready; StackError, with the end of its log, when it ends or takes too long."""
        if self.pid:
            return
        self.launch()
        try:
            await self.wait_until_ready()
        except BaseException:
            await self.kill()
            raise

    def launch(self) -> None:
        """Start it without waiting."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.touch()
        try:
            self._child = self._begin({**os.environ, **self._env})
        except OSError as failure:
            raise StackError(f"{self.name} cannot be run: {failure}") from failure

    def _begin(self, env: Mapping[str, str]) -> Child:
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - commands are put together here, never from input
                self._command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, nothing that could need a lock
            )

    async def wait_until_ready(self) -> None:
        """Return once it answers its probe; StackError, with the end of its log, when it ends or takes too long."""
        deadline = time.monotonic() + self._patience
        while not await _holds(self._ready):
            if self.pid is None:
                code = self._child.poll() if self._child else "unknown"
                raise StackError(f"{self.name} ended with status {code} while starting.\n{self._evidence()}")
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} was not ready after {self._patience:.0f} s.\n{self._evidence()}")
            await asyncio.sleep(_POLL)

    async def stop(self, grace: float = 15.0) -> None:
        """Ask it to end (SIGTERM) and kill it when it has not done so after `grace` seconds."""
        self.signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._end()
        await self.kill()

    async def kill(self) -> None:
        """End it and its children at once (SIGKILL), as a power cut would."""
        self.signal(signal.SIGKILL)
        await self._end()

    async def restart(self) -> None:
        """Stop it in an orderly way and start it again."""
        await self.stop()
        await self.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all it started."""
        if pid := self.pid:
            os.killpg(pid, number)

    async def _end(self) -> None:
        while self.pid:  # noqa: ASYNC110 - nothing tells of it; a thread that waits could not be cancelled
            await asyncio.sleep(_POLL)

    def _evidence(self, lines: int = 20) -> str:
        tail = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join([f"The end of {self.log}:", *(f"  {line}" for line in tail)])


async def start_all(processes: Iterable[Process]) -> None:
    """Start all at once; the first failure ends the attempt. What has been started is the caller's to stop."""
    try:
        async with asyncio.TaskGroup() as starting:
            for process in processes:
                starting.create_task(process.start())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


_given_out: set[int] = set()


def free_port(preferred: int | None = None) -> int:
    """A loopback port nobody listens on: the preferred one when it is free.

    Taken from below the range the kernel gives to outgoing connections, so that none of those takes it meanwhile, and
    never given out twice: whoever asked first may not listen there yet.
    """
    for port in ([preferred] if preferred else []) + random.sample(range(15_000, 32_000), 200):
        if port in _given_out:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port != preferred:
            _given_out.add(port)
        return port
    raise StackError("No free port between 15000 and 32000. What is listening there: ss -ltn")


async def accepts_connections(port: int) -> bool:
    """Whether something listens on the loopback port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def _holds(probe: Probe) -> bool:
    try:
        return await probe()
    except OSError:
        return False


def die_with_parent() -> None:
    """Has the kernel end this process when the thread that started it ends (Linux; elsewhere it lives on)."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def be_called(name: str) -> None:
    """Has `top` and `ps -o comm` show this process under a name, of which they show 15 characters (Linux)."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_NAME, name.encode())
