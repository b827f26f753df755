from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
SERVE = """
import sys
sys.path.insert(0, sys.argv[1])
from web.fakes import FakeAssistant
from askoctober.web import serve
serve(FakeAssistant(0), "127.0.0.1", 0, announce=lambda line: print(line, flush=True))
print("ended")
"""


def test_package_is_light() -> None:
    code = (
        "import sys, askoctober.web; print([m for m in ('gradio', 'fastapi', 'uvicorn', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_serve_answers_quietly_until_it_is_interrupted() -> None:
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
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "ended\n", "")


def look(url: str) -> None:
    with urllib.request.urlopen(url, timeout=60) as response:
        assert '"title":"askoctober"' in response.read().decode()
    for path in ("docs", "redoc", "openapi.json", "monitoring"):
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
