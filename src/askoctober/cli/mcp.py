"""`mcp`: the shelf as a server of the Model Context Protocol, over standard input and output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from askoctober.cli import loading, options


def mcp(
    index: options.Index = None,
    store: options.Store = None,
    embedder: options.Embedder = None,
    model: options.Model = None,
    engine: options.Engine = None,
    models_dir: options.ModelsDir = None,
    threads: options.Threads = None,
) -> None:
    """Serve the shelf to a program that speaks the Model Context Protocol, over standard input and output.

    Such a program starts this command itself. `askoctober serve` has the same at /mcp, over HTTP. Needs the extra:
    pip install "askoctober[mcp]"

    Example: askoctober mcp --index index
    """
    config = options.settings(
        index=index,
        store=store,
        embedder=embedder,
        model=model,
        engine=engine,
        models_dir=models_dir,
        threads=threads,
    )
    from askoctober.web.mcp import serve_stdio

    with _output_elsewhere():
        assistant = loading.load_served(config)
    try:
        serve_stdio(assistant)
    finally:
        assistant.close()


@contextmanager
def _output_elsewhere() -> Iterator[None]:
    """Have what libraries print while models load go to standard error: standard output is the protocol's."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
