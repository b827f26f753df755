"""The pages for people, taken apart into the snippets that they show, and a language model for these to talk to."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES = ("embedding", "http-api", "milvus", "model-servers", "openai-and-mcp", "shelf")
"""The pages of `docs` whose every snippet is run, or said why it is not."""
COMMANDS = ("askoctober", "curl", "make", "pip", "python")
_BLOCK = re.compile(
    r"^##?(?P<deep>#*) (?P<heading>[^\n]+)\n"
    r"|^```(?P<fence>\w*)\n(?P<fenced>.*?)^```"
    r"|(?<=\n\n)(?P<indented>(?: {4}[^\n]*\n)+)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Snippet:
    """A piece of code on a page; `language` is python, json, toml, shell, or output for what a command says."""

    page: str
    section: str
    heading: str
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page}, {self.heading}: {self.code.strip().splitlines()[0][:40]}"


def snippets_of(page: str) -> list[Snippet]:
    """Return the snippets of a page, in order: what stands in a fence, or is indented by four."""
    found, section, heading = [], "", ""
    for block in _BLOCK.finditer((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")):
        if block["heading"]:
            heading = block["heading"]
            section = section if block["deep"] else heading
        elif block["indented"]:
            code = re.sub(r"^ {4}", "", block["indented"], flags=re.MULTILINE)
            found.append(Snippet(page, section, heading, _language(code), code))
        else:
            fence = {"sh": "shell", "bash": "shell", "console": "shell"}.get(block["fence"], block["fence"])
            found.append(Snippet(page, section, heading, fence, block["fenced"]))
    return found


def _language(code: str) -> str:
    """Tell what is indented apart: nothing says it."""
    first = code.splitlines()[0]
    if first.split()[0] in COMMANDS:
        return "shell"
    return "toml" if re.fullmatch(r"\[.*\]", first) else "output"


class _Talking(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._say(json.dumps({"data": [{"id": "name-of-the-model"}]}))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not asked.get("stream"):
            self._say(json.dumps({"choices": [{"message": {"content": "Yes"}}]}))
            return
        shown = re.search(r"^\[1\] (.*?[.!?])", asked["messages"][-1]["content"], re.MULTILINE)
        said = f"{shown[1] if shown else 'Nothing.'} [1]"
        chunk = {"choices": [{"delta": {"content": said}, "finish_reason": "stop"}]}
        self._say(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n")

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def talking_model() -> Iterator[str]:
    """Serve a language model that says yes, and then the first sentence that it is shown; give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Talking)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
