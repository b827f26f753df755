"""Why a question is not answered: errors that clients can do something about."""

from __future__ import annotations

import math
import unicodedata

from askoctober.errors import AskoctoberError, QuestionError
from askoctober.retrieval import check_question


class Busy(AskoctoberError):
    """As many questions wait as may; `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        """Ask the client to come back later."""
        super().__init__(f"Too many questions are waiting; ask again in {retry_after:.0f} seconds.")
        self.retry_after = retry_after


class TooOften(AskoctoberError):
    """The client has asked as much as it may in a minute; `retry_after` is in seconds."""

    def __init__(self, retry_after: float, what: str = "questions") -> None:
        """Ask the client to come back later."""
        super().__init__(
            f"Too many {what} came from your address within a minute; try again in {math.ceil(retry_after)} s."
        )
        self.retry_after = retry_after


class Closing(AskoctoberError):
    """The server is about to stop and takes no new questions."""


class TooLate(AskoctoberError):
    """The answer was not there within the time that a question is given."""


TOLD = (QuestionError, Busy, TooOften, Closing, TooLate)
"""What clients are told in its own words; the words of all others are for the keeper, and may name files."""


def check_asked(question: str) -> None:
    """Refuse what a program sends that is no question.

    Raises:
        QuestionError: it is empty, too long, or not text.
    """
    check_question(question)
    if control := next((one for one in question if unicodedata.category(one) == "Cc" and not one.isspace()), None):
        raise QuestionError(f"The question holds the control character U+{ord(control):04X}; ask it without.")
