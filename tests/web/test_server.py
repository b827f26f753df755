from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import plotly
import pytest

from askoctober.errors import ConfigError
from askoctober.web.guarding import LOOPBACK
from askoctober.web.server import listen

from .fakes import FakeAssistant, on_a_loop
from .serving import Served

TESTS = Path(__file__).parent.parent
SERVE = """
import sys
sys.path.insert(0, sys.argv[1])
from web.fakes import FakeAssistant
from askoctober.web import serve
serve(FakeAssistant(0), "127.0.0.1", 0, announce=lambda line: print(line, flush=True))
print("ended")
"""
IMPORTED = re.compile(r"""from\s+["'](?:\./|/askoctober/)([\w.-]+)["']""")


def test_package_is_light() -> None:
    code = (
        "import sys, askoctober.web; print([m for m in ('gradio', 'fastapi', 'uvicorn', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_answers_quietly_until_it_is_ended(number: int) -> None:
    command = [sys.executable, "-c", SERVE, str(TESTS)]
    # Warnings of the interface's own dependencies about each other are not what this is about.
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        out, err = "", ""
        try:
            url = process.stdout.readline().strip()
            look(url)
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "ended\n", "")


def look(url: str) -> None:
    with urllib.request.urlopen(url, timeout=60) as response:
        assert '"title":"askoctober"' in response.read().decode()
    for path in ("docs", "redoc", "monitoring"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url + path, timeout=60)
        assert refused.value.code in {403, 404}, path
        refused.value.close()
    for path in ("file=http://127.0.0.1:9/x", "file=HTTPS://a.invalid/x", "proxy=a.invalid"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{url}gradio_api/{path}", timeout=60)
        assert refused.value.code == 404, path
        refused.value.close()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, headers={"Host": "elsewhere.invalid"}), timeout=60)
    assert refused.value.code == 400
    refused.value.close()
    body = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url + "gradio_api/upload", body, form), timeout=60)
    assert refused.value.code == 413
    refused.value.close()


@contextmanager
def chat_on_a_port(**options: Any) -> Iterator[Served]:
    served = on_a_loop(lambda: Served(FakeAssistant(0), "Shelf", **options))
    try:
        yield served
    finally:
        served.close()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with chat_on_a_port(hosts=LOOPBACK) as chat:
        yield chat


Reply = tuple[int, dict[str, str], bytes]


def ask(served: Served, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Reply:
    """Ask for a path exactly as it is written: no client of ours tidies it up."""
    connection = HTTPConnection("127.0.0.1", served.socket.getsockname()[1], timeout=60)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, sent)
        reply = connection.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
    finally:
        connection.close()


def scripts() -> list[Any]:
    static = resources.files("askoctober.web").joinpath("static")
    return [file for file in static.iterdir() if file.name.endswith((".js", ".css", ".svg"))]


def test_scripts_are_served_as_they_are(served: Served) -> None:
    types = {"js": "javascript", "css": "text/css", "svg": "image/svg+xml"}
    assert {"main.js", "bridge.js", "pane.js"} <= {file.name for file in scripts()}
    for file in scripts():
        status, headers, body = ask(served, f"/askoctober/{file.name}")
        assert (status, body) == (200, file.read_bytes()), file.name
        assert types[file.name.rpartition(".")[2]] in headers["content-type"], file.name


def test_scripts_import_only_what_is_served(served: Served) -> None:
    for file in scripts():
        if file.name.endswith(".js"):
            for imported in re.findall(
                r"""from\s+["'](?:\./|/askoctober/)([\w.-]+)["']""", file.read_text(encoding="utf-8")
            ):
                assert ask(served, f"/askoctober/{imported}")[0] == 200, (file.name, imported)


def test_plotly_is_that_of_the_package(served: Served) -> None:
    status, headers, body = ask(served, "/askoctober/plotly.min.js")
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    assert status == 200 and body == script.read_bytes() and headers["content-type"].startswith("text/javascript")
    assert "max-age" in headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/askoctober/app.py",
        "/askoctober/__init__.py",
        "/askoctober/../app.py",
        "/askoctober/../__init__.py",
        "/askoctober/..%2fapp.py",
        "/askoctober/%2e%2e/app.py",
        "/askoctober/%2e%2e%2f%2e%2e%2fconfig.py",
        "/askoctober/..\\app.py",
        "/askoctober/..%5capp.py",
        "/askoctober/static/../../app.py",
        "/askoctober//etc/passwd",
        "/askoctober/%2fetc%2fpasswd",
        "/askoctober/../../../../../../../../etc/passwd",
        "/askoctober/%00",
        "/askoctober/main.js%00.py",
        "/askoctober/",
        "/askoctober/words/en.ftl",
        "/askoctober/../words/en.ftl",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=../app.py",
        f"/gradio_api/file={TESTS / 'conftest.py'}",
    ],
)
def test_nothing_else_of_this_computer_is_served(served: Served, path: str) -> None:
    status, _, body = ask(served, path)
    assert b"root:" not in body and b"from __future__" not in body and b"import " not in body[:2000]
    assert status in {400, 403, 404, 405}, (status, body[:80])


BODY = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.md"\r\n\r\n# A text\r\n--b--\r\n'
FORM = {"Content_Type": "multipart/form-data; boundary=b"}


def test_uploads_are_refused_where_no_articles_can_be_added(served: Served) -> None:
    assert ask(served, "/gradio_api/upload", "POST", BODY, **FORM)[0] == 413


def test_what_is_no_file_of_an_upload_is_bounded_too(served: Served) -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="files"\r\n\r\n' + b"x" * 200_000 + b"\r\n--b--\r\n"
    status, _, body = ask(served, "/gradio_api/upload", "POST", form, **FORM)
    assert status == 413 and b"send less at once" in body


def test_uploads_are_taken_where_articles_can_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    own: Any = SimpleNamespace(ids=frozenset)
    with chat_on_a_port(own=own) as chat:
        status, _, body = ask(chat, "/gradio_api/upload", "POST", BODY, **FORM)
        assert status == 200
        (path,) = json.loads(body)
        assert Path(path).read_bytes() == b"# A text" and Path(path).is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:7860", 200),
        ("localhost:7860", 200),
        ("[::1]:7860", 200),
        ("elsewhere.invalid", 400),
        ("127.0.0.1.elsewhere.invalid", 400),
        ("localhost.elsewhere.invalid:7860", 400),
        ("192.168.0.1", 400),
        ("", 400),
    ],
)
def test_only_names_of_this_computer_are_answered(served: Served, host: str, status: int) -> None:
    assert ask(served, "/askoctober/main.js", Host=host)[0] == status
    assert ask(served, "/", Host=host)[0] == status


def test_without_hosts_every_name_is_answered() -> None:
    with chat_on_a_port() as chat:
        assert ask(chat, "/askoctober/main.js", Host="reading.example")[0] == 200


def test_listening_names_what_to_do_when_it_cannot() -> None:
    with listen("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(ConfigError, match="choose another port with --port"):
            listen("127.0.0.1", port)
    with pytest.raises(ConfigError, match="give an address of this computer with --host"):
        listen("no such host", 0)


@pytest.mark.parametrize("port", [65_536, 70_000, 10**12, -1])
def test_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(ConfigError, match="--"):
        listen("127.0.0.1", port).close()
