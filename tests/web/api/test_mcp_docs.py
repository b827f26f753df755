"""The page on the two doors: its snippets run as they are printed, against a server with both."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI

from askoctober.web.api.openai import create_openai
from askoctober.web.desk import Desk
from askoctober.web.mcp import create_mcp
from askoctober.web.mcp.shapes import LONGEST_READ
from askoctober.web.mcp.tools import TOOLS

from ..fakes import VOTED, FakeAssistant
from .test_openai import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAGE = (Path(__file__).parents[3] / "docs" / "openai-and-mcp.md").read_text(encoding="utf-8")


def test_the_snippets_run() -> None:
    desk = Desk(FakeAssistant(pause=0.002))
    door = create_mcp(desk)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with door.run():
            yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(create_openai(desk))
    app.router.routes.insert(0, door.route)
    snippets = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(snippets) == 2
    with serving(app) as address:
        for snippet in snippets:
            code = snippet.replace("http://127.0.0.1:7860", address)
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr
            assert done.stdout.splitlines()[-1] == VOTED


def test_the_table_names_every_argument() -> None:
    for name, tool in TOOLS.items():
        row = re.search(rf"^\| `{name}` \|(.*?)\|", PAGE, re.MULTILINE)
        assert row is not None
        assert re.findall(r"`(\w+)`", row[1]) == list(tool.takes.model_fields)
    assert f"{LONGEST_READ:,} characters" in PAGE
