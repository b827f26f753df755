"""Groups of articles, given to actors and put together in order."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from askoctober.building.entries import Draft, LocalEmbed
from askoctober.building.on_ray.actor import Actor, loader_of, threads_of
from askoctober.building.on_ray.cluster import connect, import_ray, share, translated
from askoctober.config import Config
from askoctober.errors import ModelError
from askoctober.index import Entry
from askoctober.types import Encoder, FloatArray
from askoctober.version import __version__

GROUPS = 2
"""Groups an actor that are taken together: who is done with one need not wait for the slowest."""
RETRIES = 3
"""How often a group is given to another actor when one was lost over it."""
SECONDS_TO_START = 180.0
"""How long actors may take until their models are loaded; those that are not ready then come in later."""
START = -1
"""In place of the number of a group: the actor is starting."""
STALE = -2
"""The same: it is at work at a group that nobody wants any more."""


class RayEmbed:
    """Embeds groups in actors; used in a `with` statement, which ends them.

    Ray is started, or the cluster joined, when there is more than one group: less is done sooner here.
    """

    def __init__(self, config: Config, encoder: Encoder, load: Callable[[], Encoder] | None = None) -> None:
        """`encoder` embeds here, `load` gives the same one to an actor.

        Raises:
            ConfigError: Ray is not installed.
        """
        self._ray = import_ray()
        self._here = LocalEmbed(encoder, config.chunk_size)
        self._load = load or loader_of(config)
        self._most, self._threads = config.ray_actors, threads_of(config)
        self._kind: Any = None
        self._count = 0
        self._is_ours = False
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[Any, int]] = {}
        self._lost: Counter[int] = Counter()

    def __enter__(self) -> RayEmbed:
        """Start nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the actors, and leave the cluster, or end the one that was started here."""
        for actor in [*self._idle, *(actor for actor, _ in self._busy.values())]:
            self._ray.kill(actor)
        self._idle, self._busy = [], {}
        if self._is_ours:
            self._ray.shutdown()

    def at_once(self) -> int:
        """GROUPS for each actor; starts these.

        Raises:
            ConfigError: there is no Ray at the address.
            ModelError: no actor can be started, or one has another model.
        """
        if self._kind is None:
            self._start()
        return GROUPS * max(len(self._idle), 1)

    def __call__(
        self, groups: Sequence[Sequence[Draft]], basis: FloatArray | None, tell: Callable[[int, int], None]
    ) -> Iterator[tuple[list[Entry], FloatArray]]:
        """Yield the entries of each group, in order, with the projection; `tell` is told of articles.

        Raises:
            ModelError: actors were lost again and again.
        """
        if basis is None or len(groups) < 2:
            yield from self._here(groups, basis, tell)
            return
        self.at_once()
        done, total = 0, sum(map(len, groups))
        tell(done, total)
        with translated():
            for entries in self._embedded(groups, basis):
                done += len(entries)
                tell(done, total)
                yield entries, basis

    def _embedded(self, groups: Sequence[Sequence[Draft]], basis: FloatArray) -> Iterator[list[Entry]]:
        """Give each actor one group at a time."""
        self._lost.clear()
        # What a build that was broken off still waits for is no part of this one.
        self._busy = {
            ended: (actor, START if number == START else STALE) for ended, (actor, number) in self._busy.items()
        }
        shared = self._ray.put(basis)
        waiting = deque(range(len(groups)))
        done: dict[int, list[Entry]] = {}
        for turn in range(len(groups)):
            while turn not in done:
                while self._idle and waiting:
                    actor, number = self._idle.pop(), waiting.popleft()
                    self._busy[actor.embed.remote(groups[number], shared)] = actor, number
                is_at_work = any(number != START for _, number in self._busy.values())
                ended = self._next(None if is_at_work else SECONDS_TO_START)
                if ended is None:
                    raise _none_started()
                number, entries = ended
                if number in (START, STALE):
                    continue
                if entries is not None:
                    done[number] = entries
                else:
                    waiting.appendleft(number)
            yield done.pop(turn)

    def _next(self, seconds: float | None) -> tuple[int, list[Entry] | None] | None:
        """Wait until an actor has ended something; return the number of the group and its entries, if there are any.

        An actor that was lost, with its machine or alone, is replaced; it has no entries, nor has a start. None is
        returned when the time is over.
        """
        from ray.exceptions import RayError, RayTaskError

        ended, _ = self._ray.wait(list(self._busy), num_returns=1, timeout=seconds)
        if not ended:
            return None
        actor, number = self._busy.pop(ended[0])
        try:
            entries: list[Entry] | None = self._ray.get(ended[0])
        except RayTaskError:
            raise
        except RayError:
            self._lost[number] += 1
            if self._lost[number] > RETRIES * (self._count if number in (START, STALE) else 1):
                raise
            self._ray.kill(actor)
            self._add()
            return number, None
        self._idle.append(actor)
        return number, entries

    def _start(self) -> None:
        if not self._ray.is_initialized():
            connect(self._ray, self._most, self._threads)
            self._is_ours = True
        self._count, needs = share(self._ray.cluster_resources(), self._threads, self._most)
        # Ray's own restarts and retries know an actor that dies, but not one whose machine does.
        self._kind = self._ray.remote(**needs)(Actor)
        for _ in range(self._count):
            self._add()
        end = time.monotonic() + SECONDS_TO_START
        with translated():
            while self._busy and (left := end - time.monotonic()) > 0:
                self._next(left)
        if not self._idle:
            raise _none_started()

    def _add(self) -> None:
        """Have one more actor started, where there is room for it."""
        actor = self._kind.remote(self._load, self._here.chunk_size, __version__, self._here.encoder.fingerprint)
        self._busy[actor.start.remote()] = actor, START


def _none_started() -> ModelError:
    return ModelError(
        f"Ray started no actor within {SECONDS_TO_START:.0f} s: its processors are taken, or the model loads too "
        "slowly; end other work on it, or set ray_actors or threads to fewer, and run the command again."
    )
