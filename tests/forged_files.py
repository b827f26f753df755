"""Changes of the manifest of an index, of its files of plain numbers, and of what lies in its folder.

Each changes an index and its manifest, and says what it did; the sums are put right afterwards.
"""

import hashlib
import json
import math
import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np

ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 7, 127, 2**31 - 1, 2**31, 2**32, 2**53, 2**62 - 1, 2**63 - 1, -(2**63), 2**64, 10**30),
    *(1.5, -0.0, math.nan, math.inf, 1e300, "", "x", "0", "\ud800", "a\0b", "../../x", "/etc/passwd", "\n", "y" * 300),
    *([], {}, [[]], [0, 0], [1], [-1], [10**9], ["0"], {"a": 1}, list(range(50))),
)


def forge_manifest(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    at: Any = manifest
    place: list[Any] = []
    while isinstance(at, dict | list) and at and (len(place) < 1 or draw.random() < 0.75):
        place.append(draw.choice(sorted(at)) if isinstance(at, dict) else draw.randrange(len(at)))
        holder, at = at, at[place[-1]]
    how = draw.random()
    if how < 0.1:
        del holder[place[-1]]
        return f"manifest: {place} is gone"
    holder[place[-1]] = value = draw.choice(ODD)
    return f"manifest: {place} = {str(value)[:40]!r}"


def forge_dead(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    record = draw.choice(manifest["segments"])
    rows = [draw.randrange(-1, record["articles"] + 2) for _ in range(draw.randrange(6))]
    rows = draw.choice([rows, rows * 2, list(range(record["articles"])), [0, 0], [True], [0.0]])
    record["dead"] = rows
    if draw.random() < 0.5:
        record["dead_chunks"] = draw.randrange(record["chunks"] + 1)
    return f"dead: {rows}"


def forge_segments(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    records = manifest["segments"]
    kind = draw.choice(["articles", "chunks", "sentences", "tokens"])
    first, second = draw.choice(records), draw.choice(records)
    what = draw.choice(["twice", "crossed", "empty", "order", "coded", "counts"])
    if what == "twice":
        records.append(json.loads(json.dumps(first)))
    elif what == "crossed":
        first["files"][kind] = dict(second["files"][kind])
    elif what == "empty":
        records.clear()
    elif what == "order":
        records.reverse()
    elif what == "coded":
        first["coded"] = not first["coded"]
    else:
        name = draw.choice(["articles", "chunks", "sentences", "tokens", "copies"])
        first[name] += draw.choice([-1, 1, 1000, -first[name], 2**40])
    return f"segments: {what} {kind}"


def forge_text(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    """The manifest itself as bytes, which no sum is put right for."""
    data = bytearray((index / "manifest.json").read_bytes())
    what = draw.choice(["cut", "flip", "deep", "nothing", "latin", "long number"])
    if what == "cut":
        data = data[: draw.randrange(len(data))]
    elif what == "flip":
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    else:
        data = {"deep": b'{"format":' + b"[" * 200_000, "nothing": b"", "latin": b'{"format":2,"a":"\xe9"}'}.get(
            what, b'{"format":' + b"9" * 6000 + b"}"
        )  # type: ignore[assignment]
    (index / "manifest.json").write_bytes(data)
    return f"text: {what}"


def forge_numbers(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    """The files of plain numbers: vectors, tokens, projection, codebook, lists."""
    files = [*manifest["files"].values()]
    files += [entry for r in manifest["segments"] for kind, entry in r["files"].items() if kind != "articles"]
    kinds = sorted({entry["name"].split("-")[0] for entry in files})
    kind = draw.choice([*kinds, *(["lists"] * 2 if "lists" in kinds else [])])
    path = index / draw.choice([entry for entry in files if entry["name"].startswith(f"{kind}-")])["name"]
    data = bytearray(path.read_bytes())
    what = draw.choice(["nan", "flip", "noise", "cut", "longer", "huge", "long", "header", "nothing", "all"])
    at = 8 * draw.randrange(max(len(data) // 8, 1))
    if kind == "lists" and draw.random() < 0.6:
        what, at = "long", _places(manifest, draw)
    if what == "nan":
        data[at : at + 8] = b"\x00\x7e" * 4 if path.suffix == ".faiss" else np.array([np.nan] * 2, "<f4").tobytes()
    elif what == "huge":
        data[at : at + 8] = np.array([3e38, -3e38], "<f4").tobytes()
    elif what == "long":
        data[at : at + 8] = np.array([draw.choice([-1, 2**62, -(2**63), 2**31, 10**6, 0, 2**63 - 1])], "<i8").tobytes()
    elif what == "flip":
        data[at : at + 1] = draw.randbytes(1)
    elif what == "noise":
        data[at : at + 400] = draw.randbytes(400)
    elif what == "all":
        data[min(len(data), 78) :] = b"\xff" * len(data[78:])
    elif what == "cut":
        data = data[: draw.randrange(len(data) + 1)]
    elif what == "nothing":
        data = bytearray()
    elif what == "longer":
        data += draw.randbytes(draw.choice([1, 64, 128, 4096]))
    elif data:
        data[draw.randrange(min(90, len(data)))] = draw.randrange(256)
    path.write_bytes(data)
    return f"numbers: {kind} {what} at {at}"


def _places(manifest: dict[str, Any], draw: random.Random) -> int:
    """Where in a file of lists the beginnings of the lists or their rows stand."""
    record = next(r for r in manifest["segments"] if "lists" in r)
    size, lists = manifest["dimension"], record["lists"]["lists"]
    first = 4 * (size * size + lists * size + 256 * size)
    return first + 8 * draw.randrange(lists + 1 + record["chunks"] // 2)


def forge_overflow(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    """Beginnings of lists whose differences are right only as numbers of 64 bits run over."""
    record = next((r for r in manifest["segments"] if "lists" in r), None)
    if record is None or record["lists"]["lists"] < 6:
        return forge_numbers(draw, index, manifest)
    path = index / record["files"]["lists"]["name"]
    data = bytearray(path.read_bytes())
    size, lists = manifest["dimension"], record["lists"]["lists"]
    first = 4 * (size * size + lists * size + 256 * size)
    begins = [0, 2**62, -(2**63), -(2**62), 0] + [0] * (lists - 5) + [record["chunks"]]
    data[first : first + 8 * (lists + 1)] = np.array(begins, "<i8").tobytes()
    path.write_bytes(data)
    return "overflow"


def forge_files(draw: random.Random, index: Path, manifest: dict[str, Any]) -> str:
    """What is no plain file, and what lies beside: a half-made part, notes, links that lead out."""
    outside = index.parent / "outside.txt"
    what = draw.choice(["pipe", "link", "folder", "part", "record", "states", "note", "draft link", "cut link", "twin"])
    files = [*manifest["files"].values(), *(e for r in manifest["segments"] for e in r["files"].values())]
    path = index / draw.choice([*files, {"name": "manifest.json"}, {"name": ".files.json"}])["name"]
    building = index / "building"
    if what == "pipe":
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    elif what == "folder":
        path.unlink(missing_ok=True)
        path.mkdir()
    elif what == "link":
        path.unlink(missing_ok=True)
        path.symlink_to(draw.choice([str(outside), "/dev/zero", "/dev/null", path.name, ".."]))
    elif what == "draft link":
        names = (".lock", ".lock.json", ".manifest.json.draft", ".files.json.draft", ".files.json")
        name = draw.choice(names)
        (index / name).unlink(missing_ok=True)
        (index / name).symlink_to(outside)
        what = f"{name} is a link"
    elif what == "cut link":
        building.mkdir()
        name = draw.choice(["articles.part", "chunks.part", "tokens.part", "about.json", ".basis.draft", "basis.f32"])
        (building / name).symlink_to(outside)
        (building / ("articles.part" if name == "about.json" else "about.json")).write_text("{}")
        what = f"building/{name} is a link"
    elif what == "part":
        building.mkdir()
        for name in ("articles.part", "chunks.part", "sentences.part", "tokens.part", "about.json", "counts.json"):
            (building / name).write_bytes(draw.choice([b"", b"{}", b"[]", b"null", draw.randbytes(300)]))
    elif what == "record":
        building.mkdir()
        moves = draw.choice(
            [
                {str(outside): "stolen"},
                {"../../outside.txt": "articles-0123456789ab.sqlite"},
                {"articles.part": "../../outside.txt"},
                {"articles.part": manifest["segments"][0]["files"]["articles"]["name"]},
                {"chunks.part": manifest["segments"][0]["files"]["chunks"]["name"]},
                *([], None, {"articles.part": 7}, {"a": {}}),
            ]
        )
        (building / "record.json").write_text(json.dumps({"about": "{}", "record": {}, "moves": moves}))
    elif what == "twin":
        shutil.copytree(index, building)
    else:
        value = draw.choice(ODD)
        known = json.loads((index / ".files.json").read_text().split("\n")[1]) if what == "states" else {}
        if what == "states":
            known = draw.choice([known | {"files": value}, known | {"manifest": value}, value])
            if isinstance(known, dict) and isinstance(known.get("files"), dict) and known["files"]:
                known["files"][draw.choice(sorted(known["files"]))] = draw.choice([value, [[[0, 0]], 7, 1], [None] * 3])
            body = json.dumps(known)
            (index / ".files.json").write_text(hashlib.sha256(body.encode()).hexdigest() + "\n" + body + "\n")
        else:
            (index / ".lock.json").write_text(json.dumps({"pid": value, "host": value, "since": value}))
    return f"files: {what} {path.name.split('-')[0]}"
