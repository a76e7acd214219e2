"""Logs: one JSON object a line on standard output, ours and the libraries' alike; readable lines on a terminal.

What is known of a request or message (`trace_id`, `correlation_id`) is bound with `structlog.contextvars` and appears
in every line written on its behalf. Tokens and bodies are never logged; passwords in URLs that a library quotes are
hidden.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from io import TextIOWrapper
from typing import Any, Literal

import structlog
from pydantic_core import PydanticSerializationError, to_json
from structlog.typing import EventDict, Processor, WrappedLogger

_PASSWORD = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]*@")
_CHATTY = ("aio_pika", "aiormq", "httpx", "httpcore", "pymongo", "asyncio")


def configure_logs(
    service: str,
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    format: Literal["auto", "json", "console"] = "auto",
) -> None:
    """Sets up logging for the process; libraries speak from `warning` up, on `debug` from `info`."""
    if isinstance(sys.stdout, TextIOWrapper):  # a line is written whatever is in it and whatever the terminal can show
        sys.stdout.reconfigure(errors="backslashreplace")
    threshold = logging.getLevelNamesMapping()[level.upper()]
    console = format == "console" or (format == "auto" and sys.stdout.isatty())

    def name_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    lines = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_service,
        structlog.processors.format_exc_info,  # the console's own tracebacks show local variables, and with them tokens
        _hide_passwords,
    ]
    structlog.configure(
        processors=[*shared, lines if console else structlog.processors.JSONRenderer(_json)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory() if console else structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lines if console else _render_text,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=threshold, force=True)
    logging.captureWarnings(capture=True)
    for name in _CHATTY:
        # On `debug` they would log what they send: documents, messages, headers.
        logging.getLogger(name).setLevel(logging.INFO if level == "debug" else max(threshold, logging.WARNING))


def _json(event: EventDict, **_: Any) -> bytes:
    try:
        return to_json(event, fallback=repr, inf_nan_mode="strings")
    except PydanticSerializationError:  # a string that is no Unicode text; a log line must never fail
        return json.dumps(event, default=repr).encode()


def _render_text(_: WrappedLogger, __: str, event: EventDict) -> str:
    return _json(event).decode()


def _hide_passwords(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for field in ("event", "exception"):
        text = event.get(field)
        if isinstance(text, str) and "://" in text:
            event[field] = _PASSWORD.sub(r"\1:***@", text)
    return event
