"""Where a library is missing, our error names the line that installs it."""

import subprocess
import sys

import pytest

CODE = """
import sys
sys.modules[{library!r}] = None
import askoctober.integrations
from askoctober import AskoctoberError
try:
    import askoctober.integrations.{module}
except AskoctoberError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [
        ("langchain", "langchain_core", "langchain"),
        ("llama_index", "llama_index", "llama-index"),
        ("haystack", "haystack", "haystack"),
    ],
)
def test_the_error_names_the_install_line(module: str, library: str, extra: str) -> None:
    code = CODE.format(module=module, library=library)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith(f'install it: pip install "askoctober[{extra}]"')
