"""`password`: the hash of a password for the served chat, to put among the settings."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from askoctober.cli import options, show
from askoctober.config import FILE, PREFIX


def password(
    random: Annotated[
        bool, typer.Option("--random", help="Make a password that nobody can guess, and show it.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Hash a password for the chat that is served to other computers, and print the setting that asks for it.

    It is asked for twice, or read as one line where the input is no terminal; it is kept nowhere. Readers give it on a
    page before the chat, programs as "Authorization: Bearer PASSWORD" (an OpenAI client: as its API key).

    Example: askoctober password
    """
    from askoctober.web.guarding.secret import Secret, make_token

    chosen = make_token() if random else _ask()
    line = str(Secret.of(chosen))
    if json:
        show.emit({"password_hash": line} | ({"password": chosen} if random else {}))
        return
    if random:
        show.note(f"The password, shown this once: {chosen}")
    show.note(f"Put this line at the head of {FILE}, or its value in {PREFIX}PASSWORD_HASH:")
    show.out.print(f'password_hash = "{line}"', soft_wrap=True)


def _ask() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
