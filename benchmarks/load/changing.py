"""A copy of the shelf that changes while it is served, and all that its articles ever said."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from loopback import LOST, Client, parsed

ADDED = "\nA note of the librarian stands here for a while, so that everything below it stands elsewhere.\n\n"
LOOK_AGAIN_SECONDS = 0.1
SERVED_WITHIN_SECONDS = 120.0


class ChangingShelf:
    """Its longest article has, or has not, a note above its text: every offset in it moves with each change."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        """Copy a corpus of Markdown below a folder, where the index will be too."""
        self.corpus, self.index = folder / "shelf", folder / "index"
        shutil.copytree(corpus, self.corpus)
        files = sorted(self.corpus.rglob("*.md"), key=lambda path: path.stat().st_size)
        said = {file.relative_to(self.corpus).as_posix(): file.read_text(encoding="utf-8") for file in files}
        self._changing, text = list(said.items())[-1]
        head = text.index("\n---\n", 4) + 5 if text.startswith("---\n") else 0
        self._versions = (text, text[:head] + ADDED + text[head:])
        self._at = 0
        self._texts = {path: (text,) for path, text in said.items()} | {self._changing: self._versions}

    @property
    def words(self) -> str:
        """The text of all articles as they were, to take questions from."""
        return "\n".join(versions[0] for versions in self._texts.values())

    def find_fault(self, pieces: Sequence[Mapping[str, Any]]) -> str:
        """Return what is wrong with passages or citations of one answer; "" where nothing is.

        Each must stand in its place, and all of one article in the same version of it.
        """
        standing: dict[str, set[int]] = {}
        for piece in pieces:
            path, start, end = piece["article"]["path"], piece["start"], piece["end"]
            quote = piece["quote"] if "quote" in piece else piece["text"]
            right = {at for at, text in enumerate(self._texts.get(path, ())) if text[start:end] == quote}
            standing[path] = standing.get(path, right) & right
        return "" if all(standing.values()) else "words that do not stand in their place"

    async def build(self) -> None:
        """Bring the index up to date, with the command that a keeper has for it.

        Raises:
            RuntimeError: it failed; its words are in the message.
        """
        command = (sys.executable, "-m", "askoctober", "index", str(self.corpus), "--index", str(self.index))
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"The index was not built: {said.decode(errors='replace')[-500:]}")

    async def change(self, client: Client) -> tuple[float, float]:
        """Change the article and build; return the seconds of the build, and those until the change was served."""
        self._at = 1 - self._at
        (self.corpus / self._changing).write_text(self._versions[self._at], encoding="utf-8")
        began = monotonic()
        await self.build()
        built = monotonic()
        while await self._served(client) != len(self._versions[self._at]):
            if monotonic() - built > SERVED_WITHIN_SECONDS:
                raise RuntimeError("The server has not taken up the new index.")
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return built - began, monotonic() - built

    async def _served(self, client: Client) -> int:
        """The length of the changing article as it is served; 0 where the server did not say."""
        try:
            return await self._length(client)
        except LOST:
            return 0

    async def _length(self, client: Client) -> int:
        shelf = parsed(await client.get("/api/articles"))["articles"]
        id = next(article["id"] for article in shelf if article["path"] == self._changing)
        return int(parsed(await client.get(f"/api/articles/{id}?end=0"))["length"])
