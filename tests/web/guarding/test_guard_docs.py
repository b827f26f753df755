"""The page about serving has the limits of the code, and its commands and settings are those that there are."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import h11._connection
import pytest
from typer.testing import CliRunner

from askoctober.cli import app
from askoctober.config import Config
from askoctober.retrieval.retriever import LONGEST_QUESTION
from askoctober.web.api import limits
from askoctober.web.guarding import access, connections
from askoctober.web.mcp.transports import LONGEST_BODY
from askoctober.web.own import LARGEST_SHELF
from askoctober.web.server import CONNECTIONS

PAGE = (Path(__file__).parents[3] / "docs" / "serving.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (\w[^|]+?) \| ([^|]+?) \|", PAGE, re.MULTILINE))


def row(start: str) -> list[float]:
    (cell,) = [cell for name, cell in ROWS.items() if name.startswith(start)]
    return [float(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", cell)]


def test_its_limits_are_those_of_the_code() -> None:
    assert row("questions of one client") == [Config().questions_a_minute]
    assert row("all requests") == [Config().requests_a_minute]
    assert row("wrong passwords") == [access.ATTEMPTS]
    assert row("open connections") == [CONNECTIONS, connections.MOST_PER_CLIENT]
    assert row("the head") == [h11._connection.DEFAULT_MAX_INCOMPLETE_EVENT_SIZE / 1024, connections.HEAD_SECONDS]
    openai, chat = limits.LONGER["/v1/"] >> 20, limits.LONGER["/gradio_api/"] / 1e6
    assert row("its body") == [limits.LONGEST_BODY / 1e6, LONGEST_BODY >> 20, openai, chat, limits.BODY_SECONDS]
    assert row("an upload") == [LARGEST_SHELF / 1e6, connections.BODY_SECONDS]
    assert row("an answer") == [connections.UNREAD_SECONDS]
    assert row("a question") == [LONGEST_QUESTION]


def test_its_settings_are_settings() -> None:
    fields = {field.name for field in dataclasses.fields(Config)}
    named = set(re.findall(r"^    (\w+) = ", PAGE, re.MULTILINE))
    named |= {name for name in re.findall(r"`(\w+)(?: = [^`]*)?`", PAGE) if "_" in name and name.islower()}
    assert {"password_hash", "host_names", "trusted_proxies", "frame_origins", "questions_a_minute"} <= named
    assert {name for name in named if not name.startswith("proxy_")} <= fields


@pytest.mark.parametrize("line", re.findall(r"^    askoctober (.*)$", PAGE, re.MULTILINE))
def test_its_commands_are_known(line: str) -> None:
    shown = CliRunner().invoke(app, [line.split()[0], "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0
    assert all(flag in shown.output for flag in re.findall(r"--[a-z-]+", line))
