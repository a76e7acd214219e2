"""Python programs as child processes that start warm: copies of one process that has imported what they need.

Importing frameworks, drivers and the catalogue takes two seconds of CPU, for each service and again for each start of
it. Here one process takes them once and is forked. What a program does, and how it ends, is as with `python -m`.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from dealwire.stack.processes import Child, Probe, Process, StackError, be_called, die_with_parent

_LONGEST_ORDER = 2**20

Order = Mapping[str, Any]


class PythonProcess(Process):
    """`python -m module arguments…`, forked from a process in which `imports` have been imported.

    Its start waits for that: `warm_up` gets it done beforehand.
    """

    def __init__(
        self,
        name: str,
        module: str,
        *arguments: str,
        log: Path,
        ready: Probe,
        env: Mapping[str, str] | None = None,
        imports: Sequence[str] = (),
    ) -> None:
        super().__init__(name, [sys.executable, "-m", module, *arguments], log=log, ready=ready, env=env)
        self._module = module
        self._arguments = arguments
        self._imports = imports

    def _begin(self, env: Mapping[str, str]) -> Child:
        original = warm_up(self._imports)
        order = {"run": self._module, "arguments": self._arguments, "env": dict(env), "log": str(self.log)}
        return _Copy(original, int(original.ask(order)))


def warm_up(imports: Iterable[str]) -> Original:
    """Begin to import modules for programs that will be started; returns at once."""
    original = Original.running()
    original.tell({"import": list(imports)})
    return original


class _Copy:
    """A forked process, looked at like a `subprocess.Popen`."""

    def __init__(self, original: Original, pid: int) -> None:
        self.pid = pid
        self._original = original
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            try:
                self._status = self._original.ask({"poll": self.pid})
            except StackError:
                self._status = -signal.SIGKILL  # what it is a copy of has ended, and the kernel ended it with that
        return self._status


class Original:
    """The process that is copied, seen from the one that gives it orders. It and its copies end with that one."""

    _one: ClassVar[Original | None] = None

    @classmethod
    def running(cls) -> Original:
        """The one that there is; another when it has ended."""
        if cls._one is None or cls._one.process.poll() is not None:
            cls._one = cls()
        return cls._one

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", __name__],
                stdin=theirs.fileno(),
                process_group=0,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, nothing that could need a lock
            )
        atexit.register(self._end)

    def tell(self, order: Order) -> None:
        try:
            self._line.sendall(json.dumps(order).encode())
        except OSError as failure:
            raise self._ended(str(failure)) from failure

    def ask(self, order: Order) -> Any:
        self.tell(order)
        try:
            answer = self._line.recv(_LONGEST_ORDER)
        except ConnectionResetError:  # it ended with the order unread
            answer = b""
        if not answer:
            raise self._ended("what it said stands above")
        return json.loads(answer)

    def _ended(self, why: str) -> StackError:
        """Sees that it is gone, and `running` will know: its line can be closed a moment before."""
        self.process.kill()
        self.process.wait()
        return StackError(f"The process that services are copied from has ended: {why}")

    def _end(self) -> None:
        self._line.close()
        self.process.wait()


def _follow(orders: socket.socket) -> Order | None:
    """Does what it is ordered to until nobody is left to order. In each copy, returns what that is to run."""
    while text := orders.recv(_LONGEST_ORDER):
        order: Order = json.loads(text)
        match order:
            case {"import": modules}:
                for module in modules:
                    import_module(module)
            case {"poll": pid}:
                ended, status = os.waitpid(pid, os.WNOHANG)  # until then its id is nobody else's
                orders.sendall(json.dumps(os.waitstatus_to_exitcode(status) if ended else None).encode())
            case {"run": _}:
                pid = os.fork()
                if not pid:
                    return order
                os.setpgid(pid, pid)  # as the copy does: whoever is first
                orders.sendall(json.dumps(pid).encode())
    return None


def _become(order: Order) -> None:
    """Turns this copy into the program it is to run."""
    die_with_parent()
    os.setpgid(0, 0)
    be_called(order["run"])
    nothing, log = os.open(os.devnull, os.O_RDONLY), os.open(order["log"], os.O_WRONLY | os.O_APPEND)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(order["env"])
    sys.path[:0] = filter(None, order["env"].get("PYTHONPATH", "").split(os.pathsep))
    sys.argv[1:] = order["arguments"]
    runpy.run_module(order["run"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if to_run := _follow(socket.socket(fileno=os.dup(0))):
        _become(to_run)
