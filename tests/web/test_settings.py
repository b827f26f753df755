from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askoctober.answering.assistant import LENGTHS
from askoctober.config import Config
from askoctober.web.settings import PASSAGES, Settings
from askoctober.web.wording import LANGUAGES

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
fields = st.dictionaries(
    st.sampled_from(["language", "passages", "length", "other"]),
    anything | st.sampled_from([*LANGUAGES, *LENGTHS, *PASSAGES, *map(str, PASSAGES)]),
)
some = st.builds(
    Settings,
    st.sampled_from(["", *LANGUAGES]),
    st.sampled_from([0, *PASSAGES]),
    st.sampled_from(["", *LENGTHS]),
)


@settings(deadline=None)
@given(anything | fields)
def test_whatever_comes_gives_settings_that_can_be(data: Any) -> None:
    read = Settings.read(data)
    assert read.language in ["", *LANGUAGES] and read.length in ["", *LENGTHS]
    assert type(read.passages) is int and read.passages in (0, *PASSAGES)
    assert Settings.read(read.to_dict()) == read
    read.applied(Config())


@settings(deadline=None)
@given(some)
def test_what_the_browser_keeps_comes_back(made: Settings) -> None:
    assert Settings.read(made.to_dict()) == made


@pytest.mark.parametrize(
    ("given_", "read"),
    [
        (None, Settings()),
        ([], Settings()),
        ({"language": "de", "passages": 4, "length": "short", "x": 1}, Settings("de", 4, "short")),
        ({"language": "la", "passages": 5, "length": "endless"}, Settings()),
        ({"language": ["de"], "passages": "4", "length": {}}, Settings()),
        ({"passages": True}, Settings()),
        ({"passages": 4.0}, Settings()),
        ({"passages": 16}, Settings(passages=16)),
    ],
)
def test_each_field_is_checked(given_: Any, read: Settings) -> None:
    assert Settings.read(given_) == read


def test_what_is_left_alone_stays_the_keepers() -> None:
    keeper = replace(Config(), passages=5, evidence_tokens=333, answer_length="long", answer_tokens=99, port=1917)
    assert Settings().applied(keeper) == keeper
    assert Settings("ru").applied(keeper) == keeper
    assert Settings(passages=16).applied(keeper) == replace(keeper, passages=16, evidence_tokens=800)
    assert Settings(passages=2).applied(keeper) == replace(keeper, passages=2, evidence_tokens=100)
    assert Settings(passages=8).applied(replace(Config(), passages=4)) == replace(Config(), passages=8)
    assert Settings(length="short").applied(keeper) == replace(keeper, answer_length="short")
    assert keeper.passages == 5


@settings(deadline=None)
@given(some)
def test_only_what_was_chosen_is_changed(made: Settings) -> None:
    keeper = replace(Config(), passages=3, answer_length="short", context_tokens=2048)
    applied = made.applied(keeper)
    back = replace(applied, passages=3, answer_length="short", evidence_tokens=keeper.evidence_tokens)
    assert back == keeper
    assert applied.passages in (made.passages, 3) and applied.answer_length in (made.length, "short")
