from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

SAYING = """
import logging, sys, warnings
import structlog
from structlog.contextvars import bound_contextvars
from dealwire.kit.logs import configure_logs

configure_logs("notes-service", level=sys.argv[1], format=sys.argv[2])
with bound_contextvars(trace_id="t1", correlation_id="c1"):
    structlog.get_logger("ours").info("hello", who="李", odd=chr(0xd800), what=object, password=None)
    logging.getLogger("theirs").info("lost %s", "amqp://user:s3cret@broker/", extra={"tries": 3})
    logging.getLogger("aio_pika").info("chatter")
    logging.getLogger("pymongo.command").debug("the document")
    structlog.get_logger("ours").debug("details")
    try:
        token = "eyJ"
        raise ValueError("mongodb://user:s3cret@db/")
    except ValueError:
        structlog.get_logger("ours").exception("failed")
        logging.getLogger("theirs").exception("failed too")
"""


def said(level: str, format: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", SAYING, level, format], capture_output=True, check=True, encoding="utf-8"
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in said("info", "auto").splitlines()]


def test_every_line_is_json_and_says_who_when_and_on_whose_behalf(lines: list[dict[str, Any]]) -> None:
    assert [line["event"] for line in lines] == ["hello", "lost amqp://user:***@broker/", "failed", "failed too"]
    for line in lines:
        assert line["service"] == "notes-service"
        assert line["trace_id"] == "t1"
        assert line["correlation_id"] == "c1"
        assert line["timestamp"].endswith("Z")
    assert [line["level"] for line in lines] == ["info", "info", "error", "error"]


def test_whatever_is_logged_the_line_is_written(lines: list[dict[str, Any]]) -> None:
    assert lines[0]["who"] == "李"
    assert lines[0]["odd"] == "\ud800"
    assert lines[0]["what"] == "<class 'object'>"


def test_libraries_are_logged_in_the_same_way(lines: list[dict[str, Any]]) -> None:
    assert lines[1]["logger"] == "theirs"
    assert lines[1]["tries"] == 3


def test_an_exception_comes_with_its_traceback_in_the_same_line(lines: list[dict[str, Any]]) -> None:
    for line in lines[2:]:
        assert "Traceback" in line["exception"]
        assert "ValueError: mongodb://user:***@db/" in line["exception"]


def test_libraries_that_talk_much_do_so_only_when_everything_is_wanted(lines: list[dict[str, Any]]) -> None:
    assert "chatter" not in str(lines)
    everything = said("debug", "json")
    assert "chatter" in everything
    assert "details" in everything
    assert "the document" not in everything


def test_a_terminal_gets_readable_lines_without_local_variables() -> None:
    text = said("info", "console")
    assert "hello" in text
    assert "Traceback" in text
    assert "eyJ" not in text.replace('token = "eyJ"', "")
    assert not text.startswith("{")


@pytest.mark.parametrize("format", ["json", "console"])
def test_no_password_is_written(format: str) -> None:
    assert "s3cret" not in said("debug", format)
