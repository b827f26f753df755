"""The floor: what a search costs in FastAPI and FAISS alone, with the same encoder over the same vectors.

    python benchmarks/load/floor_server.py --index INDEX

It embeds a question and gives the nearest passages by cosine; no words, no sentences, no reranking, no line, no checks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import faiss
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from askoctober import models
from askoctober.config import Config
from askoctober.embedding import load_encoder
from askoctober.index import LocalStore
from askoctober.types import Encoder
from askoctober.web.server import listen


class Asked(BaseModel):
    """The body of a search."""

    question: str
    k: int = 5


def create_floor(store: LocalStore, encoder: Encoder) -> FastAPI:
    """Return the application."""
    texts = [store.chunk(row).text for row in range(store.size)]
    flat = faiss.IndexFlatIP(encoder.dimension)
    flat.add(np.asarray(store.chunk_vectors(np.arange(store.size)), np.float32))
    app = FastAPI()

    @app.post("/api/search")
    def search(asked: Asked) -> list[dict[str, str | float]]:
        scores, rows = flat.search(encoder.encode([asked.question]), asked.k)
        return [{"text": texts[row], "score": float(score)} for row, score in zip(rows[0], scores[0], strict=True)]

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, required=True)
    options = parser.parse_args()
    encoder = load_encoder(models.resolve(Config().embedder))
    app = create_floor(LocalStore.open(options.index), encoder)
    with listen("127.0.0.1", 0) as bound:
        print(f"http://127.0.0.1:{bound.getsockname()[1]}/", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[bound])


if __name__ == "__main__":
    main()
