from collections.abc import Iterator

import pytest

from askoctober.fetching import Getter

from .site import Clock, Site, getter_for, serve


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def getter(clock: Clock) -> Iterator[Getter]:
    with getter_for(clock) as getter:
        yield getter
