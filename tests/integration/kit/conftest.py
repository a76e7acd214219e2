from __future__ import annotations

import logging

import pytest
import structlog


@pytest.fixture(scope="package", autouse=True)
def _quiet_logs() -> None:
    """Faults are this folder's daily bread: say them in a line each."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(exception_formatter=lambda *_: None),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
