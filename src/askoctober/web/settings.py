"""What a reader may set, kept by their own browser: whatever comes from there is checked field by field."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from askoctober.answering.assistant import LENGTHS
from askoctober.config import Config
from askoctober.web.wording import LANGUAGES

PASSAGES = (2, 4, 8, 12, 16)
"""How many passages the model may read of, from which a reader chooses; the prompt must fit its context."""
DEFAULT = Config()
TOKENS_A_PASSAGE = DEFAULT.evidence_tokens / DEFAULT.passages


@dataclass(frozen=True, slots=True)
class Settings:
    """A reader's choices; what is empty or 0 is as the browser says (`language`) or as the keeper has set it."""

    language: str = ""
    passages: int = 0
    length: str = ""

    @classmethod
    def read(cls, data: Any) -> Settings:
        """Return the settings in `data`, which is untrusted: what cannot be is left at its default."""
        given = data if isinstance(data, dict) else {}
        language, length, passages = given.get("language"), given.get("length"), given.get("passages")
        return cls(
            language if isinstance(language, str) and language in LANGUAGES else "",
            passages if type(passages) is int and passages in PASSAGES else 0,
            length if isinstance(length, str) and length in LENGTHS else "",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what the browser keeps."""
        return asdict(self)

    def applied(self, config: Config) -> Config:
        """Return the settings of the assistant for this reader's questions; what is left alone stays the keeper's."""
        changes: dict[str, Any] = {}
        if self.passages:
            changes |= {"passages": self.passages, "evidence_tokens": round(self.passages * TOKENS_A_PASSAGE)}
        if self.length:
            changes |= {"answer_length": self.length}
        return config.replace(changes, "a reader's settings")
