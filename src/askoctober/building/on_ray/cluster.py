"""The cluster: found or started, how many actors it has room for, and what its errors mean."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from askoctober.errors import AskoctoberError, ConfigError, ModelError

ADDRESS = "RAY_ADDRESS"
"""The variable that names a cluster, as everywhere in Ray."""
LOCAL = "local"
"""What names a Ray that is started here, and ended with the build."""
# A Ray of this machine alone says nothing to anybody and listens on 127.0.0.1, which the second tells it on every
# system. Its token keeps other users of the machine out.
ALONE = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
TOKEN = "RAY_AUTH_TOKEN"
STORE_BYTES, MOST_STORE_BYTES = 100_000_000, 2_000_000_000
"""Memory for what an actor sends, and for all actors, in a Ray that is started here; what is more goes to the disk."""
SECONDS_TO_ANSWER = 10.0
"""How long a cluster may take to accept a connection; Ray itself would try for minutes."""


def import_ray() -> Any:
    """Import the library.

    Raises:
        ConfigError: it is not installed.
    """
    if (os.environ.get(ADDRESS) or LOCAL) == LOCAL:
        for name, value in ALONE.items():  # read when Ray is imported
            os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            f'embed = ray needs a library that is not here ({error}); pip install "askoctober[ray]"'
        ) from error
    return ray


def connect(ray: Any, actors: int, threads: int) -> None:
    """Join the cluster that ADDRESS names, or start a Ray of this machine alone.

    Raises:
        ConfigError: there is none, or it does not start.
    """
    address = os.environ.get(ADDRESS) or LOCAL
    how: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == LOCAL:
        os.environ.setdefault(TOKEN, secrets.token_hex(32))
        count = actors or os.cpu_count() or 1
        how |= {"include_dashboard": False, "object_store_memory": min(count * STORE_BYTES, MOST_STORE_BYTES)}
        # As many as are asked for, whatever the machine has: they share it.
        how |= {"num_cpus": actors * threads if actors else max(os.cpu_count() or 1, threads)}
    try:
        host, _, port = address.rpartition(":")
        if port.isdigit() and "/" not in host:
            socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER).close()
        ray.init(address=address, **how)
    except (OSError, OverflowError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        what = f"There is no Ray at {address}" if address != LOCAL else "Ray does not start here"
        raise ConfigError(
            f"{what} ({_reason(error)}); start one with `ray start --head`, of the same versions of Python and "
            f"Ray, and name it in {ADDRESS}."
        ) from error


@contextmanager
def translated() -> Iterator[None]:
    """Say what Ray's errors mean for the build; what failed in an actor fails here as it did there."""
    from ray.exceptions import RayError, RayTaskError

    try:
        yield
    except RayTaskError as error:
        if isinstance(error.cause, AskoctoberError):
            raise ModelError(f"An actor of Ray cannot embed: {error.cause}") from error
        raise
    except RayError as error:
        raise ModelError(
            f"Ray lost its actors ({_reason(error)}); where the memory was too small, set ray_actors to fewer. "
            "Then run the command again: it goes on where it was."
        ) from error


def share(resources: dict[str, float], threads: int, most: int) -> tuple[int, dict[str, int]]:
    """How many actors of so many threads a cluster has room for, `most` (0: any), and what each asks Ray for."""
    gpus = int(resources.get("GPU", 0))
    room = gpus or int(resources.get("CPU", 0)) // threads
    needs = {"num_gpus": 1} if gpus else {"num_cpus": threads}
    return max(1, min(room, most or room)), needs


def _reason(error: BaseException) -> str:
    """The line of an error that says most: the last, where that is an error of Python's, else the first."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return (lines[-1] if "Error: " in lines[-1] else lines[0])[:200]
