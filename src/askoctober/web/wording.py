"""What the interface says, in the reader's language: one Fluent file a language, in `words/`.

Article text, questions and answers are never translated; what stands around them is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle

Say: TypeAlias = Callable[..., str]
"""Called with the id of a message and its arguments by name; returns plain text, to be escaped like any other."""

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ru": "Русский"}
"""ISO 639-1 codes of the languages of the interface, and how each calls itself; the first is spoken in doubt."""
DEFAULT = next(iter(LANGUAGES))
FOR_SCRIPTS = "js-"
"""How the ids of messages begin that the scripts in the browser say."""
_ACCEPTED = re.compile(r"([A-Za-z]{2,3})(?:-[\w-]+)?\s*(?:;\s*q=([\d.]+))?")


class Wording:
    """The messages of one language; a message that it lacks is said in the default one."""

    def __init__(self, language: str) -> None:
        """Read the messages of a language in `LANGUAGES`."""
        self.language = language
        self._bundles = [_bundle(language)] + ([_bundle(DEFAULT)] if language != DEFAULT else [])

    def __call__(self, message: str, **arguments: Any) -> str:
        """Return a message with its arguments filled in.

        Raises:
            KeyError: there is no such message.
        """
        for bundle in self._bundles:
            if bundle.has_message(message):
                value = bundle.get_message(message).value
                assert value is not None, "messages of ours have a value"
                text, problems = bundle.format_pattern(value, arguments)
                if problems:
                    raise KeyError(f"{message}: {problems[0]}")
                return str(text)
        raise KeyError(message)

    def day(self, value: str) -> str:
        """Return an ISO date as readers write it, anything else as it is."""
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return value
        from babel.dates import format_date

        return str(format_date(day, "long", locale="en_GB" if self.language == "en" else self.language))

    def for_scripts(self) -> dict[str, str]:
        """Return the messages that the scripts say, by their ids without `FOR_SCRIPTS`."""
        ids = [name for name in message_ids(DEFAULT) if name.startswith(FOR_SCRIPTS)]
        return {name.removeprefix(FOR_SCRIPTS): self(name) for name in ids}


@cache
def wording(language: str) -> Wording:
    """Return the messages of a language; of the default one where it is not spoken."""
    return Wording(language if language in LANGUAGES else DEFAULT)


def preferred(accepted: str) -> str:
    """Return the spoken language that an `Accept-Language` header (RFC 9110) wants most, or the default."""
    wanted = [
        (-float(match[2] or 1), number, match[1].lower())
        for number, match in enumerate(filter(None, map(_ACCEPTED.fullmatch, map(str.strip, accepted.split(",")))))
        if _is_wanted(match[2] or "1")
    ]
    return next((language for _, _, language in sorted(wanted) if language in LANGUAGES), DEFAULT)


def message_ids(language: str) -> list[str]:
    """Return the ids of the messages of a language, in the order of its file."""
    return re.findall(r"^([a-z][a-z0-9-]*) =", _text(language), re.MULTILINE)


def _is_wanted(text: str) -> bool:
    """Whether a weight of an `Accept-Language` header is one; 0 means that a language is not wanted."""
    try:
        return float(text) > 0
    except ValueError:
        return False


@cache
def _bundle(language: str) -> FluentBundle:
    from fluent.runtime import FluentBundle, FluentResource

    # Without marks of direction around arguments: what is shown is isolated by its HTML.
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(FluentResource(_text(language)))
    return bundle


@cache
def _text(language: str) -> str:
    return resources.files(__package__).joinpath("words", f"{language}.ftl").read_text(encoding="utf-8")
