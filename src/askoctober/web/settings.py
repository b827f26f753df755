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
    """A reader's choices; `language` and `model` are empty where the browser's and the keeper's are taken."""

    language: str = ""
    passages: int = DEFAULT.passages
    length: str = DEFAULT.answer_length
    model: str = ""

    @classmethod
    def read(cls, data: Any) -> Settings:
        """Return the settings in `data`, which is untrusted: what cannot be is left at its default."""
        given = data if isinstance(data, dict) else {}
        language, length = given.get("language"), given.get("length")
        model, passages = given.get("model"), given.get("passages")
        return cls(
            language if isinstance(language, str) and language in LANGUAGES else "",
            passages if type(passages) is int and passages in PASSAGES else DEFAULT.passages,
            length if isinstance(length, str) and length in LENGTHS else DEFAULT.answer_length,
            model if isinstance(model, str) and len(model) <= 200 else "",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what the browser keeps."""
        return asdict(self)

    def applied(self, config: Config) -> Config:
        """Return the settings of the assistant for this reader's questions; what is left alone stays the keeper's."""
        changes: dict[str, Any] = {}
        if self.passages != DEFAULT.passages:
            changes |= {"passages": self.passages, "evidence_tokens": round(self.passages * TOKENS_A_PASSAGE)}
        if self.length != DEFAULT.answer_length:
            changes |= {"answer_length": self.length}
        return config.replace(changes, "a reader's settings")
