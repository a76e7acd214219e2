from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

Tell = Callable[[str], None]


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Tell:
    """Says on the terminal what a test has been through: there is chance in it."""
    plugins: dict[str, Any] = dict(request.config.pluginmanager.list_name_plugin())
    terminal, capture = plugins["terminalreporter"], plugins["capturemanager"]

    def tell(text: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.write_line(f"\n[faults] {text}")

    return tell


@pytest.fixture(scope="session")
def chance(tell: Tell) -> random.Random:
    """Decides what happens when; DEALWIRE_FAULT_SEED makes it decide as it did in another run."""
    seed = int(os.environ.get("DEALWIRE_FAULT_SEED") or random.randrange(2**32))
    tell(f"DEALWIRE_FAULT_SEED={seed}")
    return random.Random(seed)


@pytest.fixture(scope="session")
def seconds() -> Callable[[float], float]:
    """How long a fault lasts: DEALWIRE_FAULT_SECONDS, or else as long as the test says."""
    return lambda default: float(os.environ.get("DEALWIRE_FAULT_SECONDS") or default)
