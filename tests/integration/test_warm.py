"""Programs that are copies of a warm process: no different from others, but for how fast they are there."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import pytest
from support.service import eventually

from dealwire.stack.processes import StackError
from dealwire.stack.services import SERVICES
from dealwire.stack.warm import Original, PythonProcess


def a_program(folder: Path, text: str, *arguments: str, **more: str) -> PythonProcess:
    """Is ready once it has said so."""
    (folder / "a_program.py").write_text(dedent(text))
    log = folder / "log"
    env = {"PYTHONPATH": str(folder), **more}
    return PythonProcess("the program", "a_program", *arguments, log=log, ready=has_written(log), env=env)


def has_written(log: Path) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        return "there" in log.read_text()  # noqa: ASYNC240  # a line of a file

    return ready


async def test_it_is_told_what_it_should_and_the_rest_is_as_in_any_program(tmp_path: Path) -> None:
    text = """
        import os, sys, time
        print("there", __name__, sys.argv[1:], os.environ["MARK"], sys.stdin.read() == "", os.getpgid(0) == os.getpid(), flush=True)
        time.sleep(60)
    """
    program = a_program(tmp_path, text, "one", "two", MARK="marked")
    await program.start()
    assert program.log.read_text() == "there __main__ ['one', 'two'] marked True True\n"
    assert "MARK" not in os.environ
    await program.kill()


async def test_one_that_ends_while_starting_says_how(tmp_path: Path) -> None:
    program = a_program(tmp_path, "import sys; sys.stderr.write('no settings'); sys.exit(78)")
    with pytest.raises(StackError, match=r"(?s)the program ended with status 78 .*no settings"):
        await program.start()


async def test_one_that_fails_shows_the_traceback(tmp_path: Path) -> None:
    program = a_program(tmp_path, "1 / 0")
    with pytest.raises(StackError, match=r"(?s)ended with status 1 .*ZeroDivisionError"):
        await program.start()


async def test_it_ends_in_good_order_or_at_once_and_starts_again(tmp_path: Path) -> None:
    text = """
        import signal, time
        def end(*_):
            print("in good order", flush=True)
            raise SystemExit
        signal.signal(signal.SIGTERM, end)
        print("there", flush=True)
        time.sleep(60)
    """
    program = a_program(tmp_path, text)
    await program.start()
    first = program.pid
    await program.stop()
    await program.start()
    second = program.pid

    async def there_again() -> bool:
        return program.log.read_text().count("there") == 2

    await eventually(there_again, "it runs once more")
    await program.kill()
    assert program.pid is None
    assert first != second
    assert program.log.read_text() == "there\nin good order\nthere\n"


@pytest.mark.parametrize("unread", [False, True], ids=["at leisure", "with an order unread"])
async def test_when_what_they_are_copies_of_has_ended_so_have_they_and_there_is_another(
    tmp_path: Path, unread: bool
) -> None:
    program = a_program(tmp_path, "import time; print('there', flush=True); time.sleep(60)")
    await program.start()
    original = Original.running()
    if unread:
        original.process.send_signal(signal.SIGSTOP)
        original.tell({"import": []})
    original.process.kill()

    async def ended() -> bool:
        return program.pid is None

    await eventually(ended, "it has ended")
    await program.start()
    assert program.pid
    await program.kill()


async def test_what_it_imports_is_imported_once_for_all(tmp_path: Path) -> None:
    imported = tmp_path / "imported"
    (tmp_path / "heavy.py").write_text(f"open({str(imported)!r}, 'a').write('once')")
    (tmp_path / "light.py").write_text("import heavy; print('there', flush=True); input()")
    script = f"""
import asyncio, pathlib
from integration.test_warm import PythonProcess, has_written
async def main():
    for name in "ab":
        log = pathlib.Path({str(tmp_path)!r}, name)
        await PythonProcess(name, "light", log=log, ready=has_written(log), imports=["heavy"]).start()
asyncio.run(main())
"""
    path = os.pathsep.join([str(tmp_path), *sys.path])
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, env={**os.environ, "PYTHONPATH": path})
    assert await parent.wait() == 0
    assert imported.read_text() == "once"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_nothing_outlives_a_parent_that_ends(tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "long.py").write_text("import os, time; print('there', os.getpid(), flush=True); time.sleep(60)")
    log = tmp_path / "log"
    script = f"""
import asyncio, pathlib
from integration.test_warm import PythonProcess, has_written
async def main():
    log = pathlib.Path({str(log)!r})
    await PythonProcess("long", "long", log=log, ready=has_written(log)).start()
    await asyncio.sleep(60)
asyncio.run(main())
"""
    path = os.pathsep.join([str(tmp_path), *sys.path])
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, env={**os.environ, "PYTHONPATH": path})

    async def there() -> str:
        return log.read_text() if log.exists() else ""

    pid = int((await eventually(there, "the program runs")).split()[1])
    os.kill(pid, 0)
    parent.send_signal(how)
    await parent.wait()

    async def gone() -> bool:
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            return False
        return True

    await eventually(gone, "the program has ended")


def test_what_services_import_starts_no_thread_which_a_copy_would_not_have() -> None:
    modules = [module for spec in SERVICES for module in spec.imports]
    assert modules
    counting = f"import threading, {', '.join(modules)}; print(threading.active_count())"
    counted = subprocess.run([sys.executable, "-c", counting], capture_output=True, text=True, check=True)
    assert counted.stdout == "1\n"
