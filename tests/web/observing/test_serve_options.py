from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from askoctober import cli
from askoctober.cli import loading
from askoctober.config import Config
from askoctober.errors import ConfigError


def served(monkeypatch: pytest.MonkeyPatch, *flags: str) -> Config:
    """The settings that a chat is served with."""
    found: list[Config] = []

    def load(config: Config) -> Any:
        found.append(config)
        return SimpleNamespace(retriever=SimpleNamespace(store=None), close=lambda: None)

    monkeypatch.setattr(loading, "load_served", load)
    monkeypatch.setattr(loading, "open_own", lambda assistant, config: None)
    monkeypatch.setattr("askoctober.web.server.serve", lambda *given, **rest: None)
    assert cli.main(["serve", *flags]) == 0
    return found[0]


def test_what_is_observed_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, unused_port: str) -> None:
    monkeypatch.chdir(tmp_path)
    config = served(monkeypatch, "--port", unused_port)
    assert (config.log, config.log_questions, config.answers_kept) == ("off", False, 0)
    flags = ("--port", unused_port, "--log", "json", "--log-questions", "--answers-kept", "7")
    config = served(monkeypatch, *flags)
    assert (config.log, config.log_questions, config.answers_kept) == ("json", True, 7)
    with pytest.raises(ConfigError, match="give one of off, text, json"):
        Config().replace({"log": "yaml"}, "a test")


@pytest.fixture
def unused_port() -> str:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])
