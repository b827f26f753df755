"""The local servers that peers call: the language model and the embedder, each in a process of its own on loopback.

    python servers.py llm MODEL.gguf [--threads N] [--context N]
    python servers.py embedder DIR

Prints one JSON line with base_url and api_key when it is ready, and ends when its standard input closes.
"""

from __future__ import annotations

import argparse
import base64
import hmac
import json
import os
import secrets
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import protocol

CONTEXT = 16384
"""Tokens; an agent that carries its search results along needs more than a single prompt does."""


def serve_llm(path: Path, threads: int, context: int) -> Any:
    """Start llama.cpp's OpenAI-compatible server, greedy unless a request says otherwise, and return what to keep."""
    # Threads that spin while they wait starve the peer beside them; read once, when the library loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {protocol.MODEL}
    params.n_ctx, params.n_parallel = context, 1
    params.n_batch = params.n_ubatch = 256
    params.n_predict = protocol.REPLY_TOKENS
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads, cpu.poll = threads, 0
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
    params.sampling.temp = 0.0
    params.cache_ram_mib = 0
    params.warmup = False
    params.verbosity = -1
    params.use_jinja = True
    params.port, params.hostnames = 0, ["127.0.0.1"]
    params.api_keys = [key := secrets.token_hex(16)]
    params.ui = params.endpoint_slots = params.endpoint_props = False
    server = xllamacpp.Server(params)
    url = f"{server.listening_address.rstrip('/')}/v1"
    _await(url, key)
    announce(url, key)
    return server


def _await(url: str, key: str) -> None:
    """Wait until the model has written a token."""
    body = {"model": protocol.MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), headers)
    for attempt in range(60):
        try:
            with urllib.request.urlopen(request, timeout=300) as reply:
                reply.read()
            return
        except OSError:
            if attempt == 59:
                raise
            time.sleep(1)


def serve_embedder(folder: Path) -> Any:
    """Start an endpoint for embeddings in OpenAI's format, with unit vectors of shape (384,) for all-MiniLM-L6-v2."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    key = secrets.token_hex(16)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {key}"):
                self.send_error(401)
                return
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            texts = [request["input"]] if isinstance(request["input"], str) else request["input"]
            vectors = model.encode(texts, normalize_embeddings=True).astype("<f4")
            packed = request.get("encoding_format") == "base64"
            values = [base64.b64encode(v.tobytes()).decode() if packed else v.tolist() for v in vectors]
            data = [{"object": "embedding", "index": i, "embedding": value} for i, value in enumerate(values)]
            usage = {"prompt_tokens": 0, "total_tokens": 0}
            body = json.dumps({"object": "list", "model": request["model"], "data": data, "usage": usage}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    import threading

    threading.Thread(target=server.serve_forever, daemon=True).start()
    announce(f"http://127.0.0.1:{server.server_port}/v1", key)
    return server


def announce(base_url: str, api_key: str) -> None:
    """Tell the parent where the server listens."""
    print(json.dumps({"base_url": base_url, "api_key": api_key}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("llm", "embedder"))
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--context", type=int, default=CONTEXT)
    options = parser.parse_args()
    if options.kind == "llm":
        keep = serve_llm(options.model, options.threads, options.context)
    else:
        keep = serve_embedder(options.model)
    sys.stdin.read()
    del keep
    os._exit(0)  # a server that is taken down in order can wait for ever for a client that keeps its connection


if __name__ == "__main__":
    main()
