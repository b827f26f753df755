"""A child with a scripted model for the tests of the isolated generator: words in the prompt choose what happens."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from askoctober.errors import GenerationError, ModelError  # noqa: E402
from askoctober.generation import worker  # noqa: E402
from fakes import FakeGenerator  # noqa: E402


class Scripted(FakeGenerator):
    """Dies, hangs, fails or counts, as it is told."""

    def generate(self, messages, *, grammar="", max_tokens=256):
        prompt = messages[-1]["content"]
        os.write(1, b"a library prints to standard output")
        if "fail" in prompt:
            raise GenerationError("The prompt does not fit; ask a shorter question.")
        if "break" in prompt:
            raise RuntimeError("foreign")
        for piece in super().generate(messages, grammar=grammar, max_tokens=max_tokens):
            yield piece
            if "die" in prompt:
                os.kill(os.getpid(), signal.SIGSEGV)
            if "die" in prompt or "hang" in prompt:
                time.sleep(60)
            if "slow" in prompt:
                time.sleep(0.05)


def load(config):
    if config.model == "broken":
        raise ModelError("It does not load; give another.")
    if config.model == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    return Scripted(replies=["ä One, two. [1]", "Ünd again. [1]"], name=f"scripted {config.model}")


worker.load_generator = load
worker.main()
