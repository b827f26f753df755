"""The chat as one script, the way model-hosting spaces start it: `python app.py`.

The address comes from HOST and PORT, or from GRADIO_SERVER_NAME and GRADIO_SERVER_PORT. Models that are absent are
fetched, and the index is brought up to date. Where other computers reach the address, ASKOCTOBER_PASSWORD_HASH has to
be set (askoctober password), or ASKOCTOBER_OPEN=true, which lets in everybody.
"""

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main() -> int:
    os.chdir(FOLDER)
    sys.path.insert(0, str(FOLDER / "src"))  # such spaces install the dependencies, not the project
    from askoctober.cli import main as askoctober

    flags = []
    for flag, names in {"--host": ("HOST", "GRADIO_SERVER_NAME"), "--port": ("PORT", "GRADIO_SERVER_PORT")}.items():
        value = next((os.environ[name] for name in names if os.environ.get(name)), None)
        if value:
            flags += [flag, value]
    return askoctober(["serve", "--refresh", *flags, *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
