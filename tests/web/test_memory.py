"""What a long run leaves in the memory of a server, each time in a process of its own."""

import os
import platform
import subprocess
import sys

import pytest

from askoctober.web.memory import ARENAS, keep_few_arenas

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc alone")

ARENAS_OF_MANY_THREADS = """
import ctypes, sys, tempfile, threading
from askoctober.web.memory import keep_few_arenas

if sys.argv[1] == "few":
    assert keep_few_arenas()
libc = ctypes.CDLL(None)
libc.fopen.restype, libc.malloc.restype = ctypes.c_void_p, ctypes.c_void_p
together = threading.Barrier(9)

def take():
    libc.malloc(10_000)  # outside of Python's lock
    together.wait()
    together.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
[thread.start() for thread in threads]
together.wait()
with tempfile.NamedTemporaryFile("r") as file:
    stream = ctypes.c_void_p(libc.fopen(file.name.encode(), b"w"))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    print(file.read().count("<heap nr="))
together.wait()
"""

EMBEDDING_OF_MANY_THREADS = """
import ctypes, pathlib, sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psutil

from askoctober.embedding import load_encoder
from askoctober.web.memory import keep_few_arenas

THREADS = 8
keep_few_arenas()
encoder = load_encoder(pathlib.Path(sys.argv[1]))
together = Barrier(THREADS)

def embed(shapes):
    together.wait()  # so that each of them is one thread's
    for words, texts in shapes:
        encoder.encode(["bee " * words] * texts)

def megabytes_after(shapes):
    list(pool.map(embed, [shapes] * THREADS))
    ctypes.CDLL(None).malloc_trim(0)
    return psutil.Process().memory_info().rss / 1e6

with ThreadPoolExecutor(THREADS) as pool:
    for most in (8, 16, 24):
        print(megabytes_after([(words, texts) for words in (1, 17, 33) for texts in range(most - 7, most + 1, 2)]))
"""


def test_all_threads_take_from_few_arenas():
    counts = {}
    for which in ("few", "many"):
        command = [sys.executable, "-c", ARENAS_OF_MANY_THREADS, which]
        counts[which] = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert counts["few"] <= ARENAS < counts["many"]


@pytest.mark.parametrize("platform_name", ["darwin", "win32"])
def test_where_there_is_no_such_setting_nothing_is_done(monkeypatch, platform_name):
    monkeypatch.setattr("sys.platform", platform_name)
    assert keep_few_arenas() is False


def test_threads_that_embed_texts_of_new_lengths_keep_nothing_of_them(minilm):
    command = [sys.executable, "-c", EMBEDDING_OF_MANY_THREADS, str(minilm)]
    clean = {name: value for name, value in os.environ.items() if "CACHE_CAPACITY" not in name}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=clean)
    first, *_, last = map(float, done.stdout.split())
    assert last - first < 20, f"{done.stdout} MB; with kernels kept for every shape it was 40"
