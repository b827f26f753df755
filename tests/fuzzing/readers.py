"""Fuzz one reader under libFuzzer: python tests/fuzzing/readers.py READER FINDS [libFuzzer options] [CORPUS].

Needs atheris beside askoctober[formats]. An input's first byte picks the kind of file, the rest is the file, or a part
of it. What breaks a promise is written to the folder FINDS, one file for each place where it came about, and the run
goes on; a crash, a hang or a memory limit ends it, and libFuzzer writes the input itself.
"""

from __future__ import annotations

import sys
import traceback
import warnings
from pathlib import Path

import atheris  # type: ignore[import-not-found]

sys.path.insert(0, str(Path(__file__).parent.parent))
with atheris.instrument_imports(include=["askoctober.corpus", "mammoth", "striprtf", "zipfile", "tarfile"]):
    from corpus.readers.seeds import SEEDS, check


def main() -> None:
    reader, finds = sys.argv[1], Path(sys.argv[2])
    kinds = [kind for kind, seed in SEEDS.items() if seed.reader == reader]
    finds.mkdir(parents=True, exist_ok=True)
    seeds = finds / "seeds"
    seeds.mkdir(exist_ok=True)
    for number, kind in enumerate(kinds):
        (seeds / f"{number}").write_bytes(bytes([number]) + SEEDS[kind].data)
        check(kind, SEEDS[kind].data)  # loads what it needs before the time counts
    met: set[str] = set()

    def one(data: bytes) -> None:
        if not data:
            return
        kind = kinds[data[0] % len(kinds)]
        try:
            check(kind, data[1:], 10)
        except MemoryError:
            raise
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__}-{Path(last.filename).stem}-{last.lineno}"
            if key not in met:
                met.add(key)
                (finds / f"{kind.replace(' ', '-')}-{key}").write_bytes(data[1:])
                traceback.print_exc()

    warnings.simplefilter("ignore")
    atheris.Setup([sys.argv[0], *sys.argv[3:], str(seeds)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
