"""Who may come in, under which names, and how often: what a keeper decides of a served chat."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from askoctober.config import Config
from askoctober.errors import ConfigError
from askoctober.web.guarding.clients import is_here
from askoctober.web.guarding.secret import Secret

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "[")
"""Host headers of readers on this computer; the last is what is left of an IPv6 address before its first colon."""
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d+)?", re.IGNORECASE)
NAME = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for who asks. `questions` and `requests` are a client's in a minute, 0 as many as it likes.

    `is_open` says that no password is wanted beyond this computer. `names` are those under which the chat is reached
    besides this computer's own, `proxies` the addresses of reverse proxies that say who asks, and `frames` the origins
    of pages that may show the chat in a frame.
    """

    secret: Secret | None = None
    is_open: bool = False
    names: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    questions: int = Config().questions_a_minute
    requests: int = Config().requests_a_minute

    @classmethod
    def of(cls, config: Config) -> Rules:
        """Return what the settings say.

        Raises:
            ConfigError: one of them is not what it should be.
        """
        frames, names, proxies = map(_listed, (config.frame_origins, config.host_names, config.trusted_proxies))
        for setting, given, is_right, kind in (
            ("frame_origins", frames, ORIGIN.fullmatch, "origins like https://school.example"),
            ("host_names", names, NAME.fullmatch, "names like reading.example, without a port"),
            ("trusted_proxies", proxies, _is_network, "addresses like 127.0.0.1 or 10.0.0.0/8"),
        ):
            for one in given:
                if not is_right(one):
                    raise ConfigError(f"Setting {setting!r} has {one!r}; give {kind}.")
        if config.open and config.password_hash:
            raise ConfigError("Either everybody is let in (open) or a password wanted (password_hash); leave one out.")
        return cls(
            Secret.parse(config.password_hash) if config.password_hash else None,
            config.open,
            tuple(map(str.lower, names)),  # as hosts are compared
            proxies,
            frames,
            config.questions_a_minute,
            config.requests_a_minute,
        )

    def lets_in_strangers(self, address: str) -> bool:
        """Whether other computers reach the address that is listened on, and no password is wanted of them."""
        return self.secret is None and not is_here(address)

    def check(self, address: str) -> None:
        """See that nobody is let in by mistake at the address that is listened on.

        Raises:
            ConfigError: other computers reach it, and neither a password nor openness was asked for.
        """
        if self.lets_in_strangers(address) and not self.is_open:
            raise ConfigError(
                f"At {address} other computers reach the chat, and no password is set: run `askoctober password` and "
                "put its line in askoctober.toml, or say --open to let in everybody."
            )

    def hosts(self, address: str) -> tuple[str, ...]:
        """Return the names to answer to at the address that is listened on; none are all names."""
        return (*LOOPBACK, address, *self.names) if self.names or is_here(address) else ()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[,\s]+", text) if part)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
