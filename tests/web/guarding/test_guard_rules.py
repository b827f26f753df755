from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.config import Config
from askoctober.errors import ConfigError
from askoctober.web import serve
from askoctober.web.guarding import LOOPBACK, Rules
from askoctober.web.guarding.secret import LOG_N, Secret, make_token

from ..fakes import FakeAssistant
from .guarded import PASSWORD, SECRET


def test_a_password_is_known_by_its_hash_alone() -> None:
    first, second = Secret.of(PASSWORD), Secret.of(PASSWORD)
    assert first.matches(PASSWORD) and second.matches(PASSWORD)
    assert not first.matches(PASSWORD + " ") and not first.matches("")
    assert str(first) != str(second) and PASSWORD not in str(first)
    assert str(first).startswith(f"scrypt:{LOG_N}:8:5:") and not set(str(first)) & set("$ \"'\\=")
    assert Secret.parse(str(first)) == first


def test_letters_that_are_typed_in_two_ways_are_the_same() -> None:
    composed, decomposed = "gr\u00fcne Birne", "gru\u0308ne Birne"
    assert Secret.of(composed).matches(decomposed)


@pytest.mark.parametrize("password", ["", "short", "1234567"])
def test_a_short_password_is_refused(password: str) -> None:
    with pytest.raises(ConfigError, match="8 or more"):
        Secret.of(password)


def test_tokens_differ_and_are_long() -> None:
    assert len({make_token() for _ in range(100)}) == 100 and min(len(make_token()) for _ in range(100)) >= 32


@pytest.mark.parametrize(
    "line",
    [
        "my plain password",
        "scrypt",
        "bcrypt" + str(SECRET).removeprefix("scrypt"),
        str(SECRET) + ":x",
        str(SECRET)[:-1],
        str(SECRET).replace("scrypt:4:", "scrypt:40:"),  # hours, and terabytes, for each request
        str(SECRET).replace("scrypt:4:8:", "scrypt:4:8000000:"),
        str(SECRET).replace("scrypt:4:8:1:", "scrypt:4:8:-1:"),
        "scrypt:4:8:1::" + str(SECRET).rpartition(":")[2],
    ],
)
def test_what_is_no_hash_is_refused_without_being_repeated(line: str) -> None:
    with pytest.raises(ConfigError, match="askoctober password") as refused:
        Secret.parse(line)
    assert line not in str(refused.value)


@settings(max_examples=200)
@given(st.text())
def test_any_line_is_a_hash_or_refused(line: str) -> None:
    with pytest.raises(ConfigError):
        Secret.parse(line)


def test_settings_become_rules() -> None:
    config = Config(
        password_hash=str(SECRET),
        host_names="reading.example, *.school.example",
        trusted_proxies="127.0.0.1 10.0.0.0/8 ::1",
        frame_origins="https://moodle.example",
        questions_a_minute=5,
        requests_a_minute=0,
    )
    assert Rules.of(config) == Rules(
        SECRET,
        False,
        ("reading.example", "*.school.example"),
        ("127.0.0.1", "10.0.0.0/8", "::1"),
        ("https://moodle.example",),
        5,
        0,
    )
    assert Rules.of(Config()) == Rules()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("password_hash", "12345678"),
        ("frame_origins", "moodle.example"),
        ("frame_origins", "https://a.example; script-src *"),
        ("host_names", "https://reading.example"),
        ("host_names", "reading.example:7860"),
        ("host_names", "*"),
        ("trusted_proxies", "*"),
        ("trusted_proxies", "127.0.0.1, proxy"),
    ],
)
def test_a_setting_that_cannot_be_is_named(setting: str, value: str) -> None:
    with pytest.raises(ConfigError, match=setting):
        Rules.of(Config(**{setting: value}))


def test_a_chat_that_is_open_and_has_a_password_is_neither() -> None:
    with pytest.raises(ConfigError, match="leave one out"):
        Rules.of(Config(password_hash=str(SECRET), open=True))


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.0.4", "2001:db8::1", "::ffff:10.0.0.1"])
def test_nobody_is_let_in_from_elsewhere_by_mistake(address: str) -> None:
    with pytest.raises(ConfigError, match="`askoctober password`.*--open"):
        Rules().check(address)
    Rules(secret=SECRET).check(address)
    Rules(is_open=True).check(address)
    assert Rules(is_open=True).lets_in_strangers(address) and not Rules(secret=SECRET).lets_in_strangers(address)
    assert Rules().hosts(address) == ()
    assert Rules(names=("reading.example",)).hosts(address) == (*LOOPBACK, address, "reading.example")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"])
def test_this_computer_asks_for_nothing(address: str) -> None:
    Rules().check(address)
    assert not Rules().lets_in_strangers(address)
    assert Rules().hosts(address) == (*LOOPBACK, address)


def test_serving_without_the_command_line_is_as_careful() -> None:
    with pytest.raises(ConfigError, match="no password is set"):
        serve(FakeAssistant(), "0.0.0.0", 0, announce=lambda address: pytest.fail("served"))
