"""The server that is measured: all of `askoctober serve` but its language model, which keeps time instead.

    python benchmarks/load/chat_server.py --index INDEX --seconds 1

A process of its own, so that its memory is nobody else's; it prints the address at which it answers.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from askoctober import Assistant, Retriever
from askoctober.config import Config
from askoctober.generation.isolated import IsolatedGenerator
from askoctober.web.following import Following
from askoctober.web.memory import keep_few_arenas
from askoctober.web.server import serve

MODEL = Path(__file__).parent / "paced_model.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="that an answer takes the model")
    options = parser.parse_args()
    config = Config(index=options.index)
    command = (sys.executable, "-P", str(MODEL), "--seconds", str(options.seconds))
    keep_few_arenas()
    assistant = Assistant(Retriever.load(config=config), IsolatedGenerator(config, command), config)
    try:
        with Following(assistant, config.index, lambda told: print(told, file=sys.stderr, flush=True)):
            serve(assistant, "127.0.0.1", 0, announce=lambda url: print(url, flush=True))
    finally:
        assistant.close()


if __name__ == "__main__":
    main()
