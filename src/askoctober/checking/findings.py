"""What a check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from askoctober.building import Progress

Level: TypeAlias = Literal["wrong", "notice"]
"""Wrong: something does not work, or gives what it should not. A notice: all works, but there is something to know."""
Cure: TypeAlias = Literal["", "remove", "rebuild"]
"""What `--mend` does about it: nothing, remove the file, or make from the corpus what is not whole."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: where, what it is, what it means for whoever asks, and what mends it.

    `file` is the name of the file concerned, relative to the folder that was checked, "" where none is. `cure` is what
    can be done about it without loss.
    """

    level: Level
    file: str
    what: str
    meaning: str
    mend: str
    cure: Cure = ""

    def to_dict(self) -> dict[str, str]:
        """Return the JSON object of `askoctober doctor`."""
        return asdict(self)


__all__ = ["Cure", "Finding", "Level", "Progress"]
