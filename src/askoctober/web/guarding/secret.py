"""The password of a served chat, kept as its scrypt hash (RFC 7914); the password itself is written nowhere.

`scrypt:14:8:5:SALT:HASH`: log2 of N, r and p; salt and hash in base64 for addresses, without padding.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import unicodedata
from dataclasses import dataclass

from askoctober.errors import ConfigError

SCHEME = "scrypt"
LOG_N, R, P = 14, 8, 5
"""16 MB and a quarter of a second for each guess."""
MOST_LOG_N, MOST_R, MOST_P = 17, 16, 16
"""What a line may ask of this computer, with each request that brings a password."""
SALT_BYTES, HASH_BYTES = 16, 32
SHORTEST = 8
"""Characters of a password that somebody chose."""
TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Secret:
    """A hashed password; `str()` is the line that settings hold, and `parse` reads it."""

    log_n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str) -> Secret:
        """Return the hash of a password, with a salt of its own.

        Raises:
            ConfigError: the password is too short.
        """
        if len(password) < SHORTEST:
            raise ConfigError(f"A password of {len(password)} characters is soon guessed; give {SHORTEST} or more.")
        salt = os.urandom(SALT_BYTES)
        return cls(LOG_N, R, P, salt, _hash(password, LOG_N, R, P, salt))

    @classmethod
    def parse(cls, line: str) -> Secret:
        """Return what a line of the settings holds; errors do not repeat it, as it might be a plain password.

        Raises:
            ConfigError: it is no such line.
        """
        wrong = ConfigError(
            "The setting password_hash holds no hashed password; "
            "make one with `askoctober password` and put the line that it prints there."
        )
        try:
            scheme, log_n, r, p, salt, digest = line.split(":")
            found = cls(int(log_n), int(r), int(p), _decode(salt), _decode(digest))
        except ValueError:
            raise wrong from None
        bearable = 0 < found.log_n <= MOST_LOG_N and 0 < found.r <= MOST_R and 0 < found.p <= MOST_P
        if scheme != SCHEME or not bearable or len(found.salt) < SALT_BYTES or len(found.digest) != HASH_BYTES:
            raise wrong
        return found

    def __str__(self) -> str:
        salt, digest = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (self.salt, self.digest))
        return f"{SCHEME}:{self.log_n}:{self.r}:{self.p}:{salt}:{digest}"

    def matches(self, password: str) -> bool:
        """Whether this is the hash of a password; takes as long whatever is wrong with it."""
        return hmac.compare_digest(_hash(password, self.log_n, self.r, self.p, self.salt), self.digest)


def make_token() -> str:
    """Return a password that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def _hash(password: str, log_n: int, r: int, p: int, salt: bytes) -> bytes:
    # The same letters are typed in several ways on different keyboards.
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "replace")
    return hashlib.scrypt(
        text, salt=salt, n=1 << log_n, r=r, p=p, maxmem=(130 << log_n) * r + (1 << 20), dklen=HASH_BYTES
    )


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
