"""Power cuts: the system calls of a build, and after each the states that the disk may be left in.

The model is a journalling file system at its worst. Names change in the order of the calls, but where a folder was not
synced since, any last part of the changes may be lost. Data that was not synced may be the old, the new, zeros, cut
short, or of each some blocks.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from breaking import KINDS, held, say, thresholds, wait_for
from killing import Scene

CALLS = (
    "open,openat,creat,close,dup,dup2,dup3,fcntl,read,readv,lseek,write,writev,pwrite64,pwritev,pwritev2,ftruncate,"
    "truncate,fallocate,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,link,linkat,"
    "copy_file_range,sendfile"
)
BLOCK = 4096
_LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+|\?)(.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass
class Inode:
    """A file: what programs read, and what is sure to be on the disk."""

    data: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    is_synced: bool = False


@dataclass
class Opened:
    inode: Inode
    position: int = 0
    appends: bool = False


def traced(scene: Scene, log: Path) -> list[str]:
    """Run the update of a scene under strace; return the lines of its calls."""
    child = scene.start(lambda: os.kill(os.getpid(), signal.SIGSTOP))
    while not os.waitid(os.P_PID, child, os.WSTOPPED | os.WNOHANG | os.WNOWAIT):
        time.sleep(0.01)
    command = ["strace", "-f", "-y", "-xx", "-s", "20000000", "-e", f"trace={CALLS}", "-o", str(log), "-p", str(child)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as tracer:
        while tracer.poll() is None and "TracerPid:\t0" in Path(f"/proc/{child}/status").read_text():
            time.sleep(0.01)
        os.kill(child, signal.SIGCONT)
        status = wait_for(child)
        tracer.wait(60)
    assert status == 0
    return _joined(log.read_text(encoding="ascii", errors="replace").splitlines())


def can_trace() -> bool:
    """Whether strace is here and may trace."""
    if not shutil.which("strace"):
        return False
    with subprocess.Popen(["sleep", "20"]) as child:
        command = ["strace", "-o", os.devnull, "-p", str(child.pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr
            said = tracer.stderr.readline()
            child.kill()
    return "attached" in said


def _joined(lines: list[str]) -> list[str]:
    """Calls whose line was interrupted by that of another thread, in one line each."""
    waiting: dict[str, str] = {}
    out = []
    for line in lines:
        thread = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>"):
            waiting[thread] = line.removesuffix("<unfinished ...>")
        elif match := re.match(r"^\d+ +<\.\.\. \w+ resumed>(.*)$", line):
            out.append(waiting.pop(thread, "") + match[1])
        else:
            out.append(line)
    return out


class Disk:
    """A folder as programs see it, and as it may be on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.names: dict[str, Inode] = {}
        for path in folder.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                self.names[str(path)] = Inode(bytearray(data), data, True)
        self.sure = dict(self.names)
        self.pending: list[tuple[str, Inode | None]] = []
        self._opened: dict[int, Opened] = {}

    def follow(self, line: str) -> bool:
        """Do what a call did; return whether it changed anything that a cut could lose, or made it sure."""
        match = _LINE.match(line)
        if not match or match[4] in ("?",) or match[4].startswith("-1"):
            return False
        call, body, result = match[2], match[3], int(match[4], 0)
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(body)]
        first = re.match(r"(\d+)<", body)
        opened = self._opened.get(int(first[1])) if first else None
        if call in ("open", "openat", "creat"):
            return self._open(body, texts, result, call)
        if call == "close" and first:
            self._opened.pop(int(first[1]), None)
        elif call in ("dup", "dup2", "dup3") or (call == "fcntl" and "F_DUPFD" in body):
            self._opened.pop(result, None)
            if opened:
                self._opened[result] = opened
        elif call.startswith("rename"):
            old, new = self._paths(body, texts)
            if self._is_mine(old) or self._is_mine(new):
                inode = self.names.pop(old)
                self._put(new, inode)
                self.pending.append((old, None))
                return True
        elif call.startswith("unlink"):
            (path,) = self._paths(body, texts)
            if self.names.pop(path, None):
                self.pending.append((path, None))
                return True
        elif call in ("fsync", "fdatasync") and first:
            if opened:
                opened.inode.synced, opened.inode.is_synced = bytes(opened.inode.data), True
                return True
            place = re.match(r"\d+<((?:\\x[0-9a-f]{2})*)", body)
            return bool(place) and self._sync_names(_plain(place[1]))
        elif opened:
            return self._write(call, body, texts, result, opened)
        return False

    def _write(self, call: str, body: str, texts: list[bytes], result: int, opened: Opened) -> bool:
        inode = opened.inode
        if call in ("read", "readv"):
            opened.position += result
            return False
        if call == "lseek":
            opened.position = result
            return False
        if call in ("write", "writev", "pwrite64"):
            data = b"".join(texts)[:result]
            assert len(data) == result, f"{call} of {result} bytes shows {len(data)}"
            at = int(body.rsplit(", ", 1)[1]) if call == "pwrite64" else opened.position
            at = len(inode.data) if opened.appends else at
            inode.data[len(inode.data) :] = bytes(max(0, at - len(inode.data)))
            inode.data[at : at + result] = data
            if call != "pwrite64":
                opened.position = at + result
        elif call == "ftruncate":
            size = int(body.rsplit(", ", 1)[1])
            del inode.data[size:]
            inode.data += bytes(size - len(inode.data))
        elif call in ("fcntl", "sync_file_range"):
            return False
        else:
            raise AssertionError(f"{call} is not followed")
        inode.is_synced = False
        return True

    def _open(self, body: str, texts: list[bytes], descriptor: int, call: str) -> bool:
        (path,) = self._paths(body, texts)
        self._opened.pop(descriptor, None)
        if not self._is_mine(path) or "O_DIRECTORY" in body or os.path.isdir(path):
            return False
        changed = path not in self.names
        if changed:
            if "O_CREAT" not in body and call != "creat":
                return False
            self._put(path, Inode())
        inode = self.names[path]
        if ("O_TRUNC" in body or call == "creat") and inode.data:
            inode.data.clear()
            inode.is_synced = False
            changed = True
        self._opened[descriptor] = Opened(inode, 0, "O_APPEND" in body)
        return changed

    def _paths(self, body: str, texts: list[bytes]) -> list[str]:
        places = [_plain(place) for place in re.findall(r"(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)", body)]
        names = [os.fsdecode(text) for text in texts]
        return [
            os.path.normpath(os.path.join(places[min(at, len(places) - 1)] if places else os.getcwd(), name))
            for at, name in enumerate(names)
        ]

    def _put(self, path: str, inode: Inode) -> None:
        self.names[path] = inode
        self.pending.append((path, inode))

    def _is_mine(self, path: str) -> bool:
        return path.startswith(self.folder + "/")

    def _sync_names(self, place: str) -> bool:
        mine = [change for change in self.pending if os.path.dirname(change[0]) == place]
        self._apply(self.sure, mine)
        self.pending = [change for change in self.pending if os.path.dirname(change[0]) != place]
        return bool(mine)

    @staticmethod
    def _apply(names: dict[str, Inode], changes: list[tuple[str, Inode | None]]) -> None:
        for path, inode in changes:
            if inode is None:
                names.pop(path, None)
            else:
                names[path] = inode

    def after_a_cut(self, draw: random.Random) -> Iterator[tuple[str, dict[str, bytes]]]:
        """Yield states that the disk may be in, the two ends of what is possible first."""
        for how in ("lost", "zeros", "cut", "mixed", "mixed"):
            names = dict(self.sure)
            kept = 0 if how == "lost" else draw.randint(0, len(self.pending)) if how == "mixed" else len(self.pending)
            self._apply(names, self.pending[:kept])
            yield how, {path: self._data(inode, how, draw) for path, inode in names.items()}

    def _data(self, inode: Inode, how: str, draw: random.Random) -> bytes:
        if inode.is_synced:
            return bytes(inode.data)
        how = draw.choice(["lost", "zeros", "cut", "blocks", "kept"]) if how == "mixed" else how
        if how == "lost":
            return inode.synced
        if how == "zeros":
            size = len(inode.data)
            return inode.synced[:size] + bytes(max(0, size - len(inode.synced)))
        if how == "cut":
            size = draw.randint(0, len(inode.data))
            return bytes(inode.data[:size]) + inode.synced[size : len(inode.data)]
        if how == "kept":
            return bytes(inode.data)
        old = inode.synced[: len(inode.data)].ljust(len(inode.data), b"\0")
        blocks = range(0, len(old), BLOCK)
        return b"".join(draw.choice([old, bytes(inode.data)])[at : at + BLOCK] for at in blocks)


def _plain(text: str) -> str:
    return os.fsdecode(bytes.fromhex(text.replace("\\x", "")))


def cut(work: str, kind: str, anew: str, stride: str, seed: str) -> None:
    """Cut the power after every so many of the steps of an update; print how many states of the disk that gave."""
    root = Path(work).resolve()
    draw = random.Random(int(seed))
    with thresholds(**KINDS[kind]):
        scene = Scene(root, kind, anew=anew == "anew")
        scene.reset()
        disk = Disk(root / "index")
        lines = traced(scene, root / "calls.log")
        steps, seen, ended = 0, set(), Counter[str]()
        for line in lines:
            if not disk.follow(line):
                continue
            steps += 1
            if steps % int(stride):
                continue
            for how, files in disk.after_a_cut(draw):
                state = hash(tuple(sorted(files.items())))
                if state in seen:
                    continue
                seen.add(state)
                _lay_out(root / "index", files)
                try:
                    found = held(root / "index")
                    allowed = {"old": scene.old, "new": scene.new}
                    which = [name for name, shelf in allowed.items() if shelf == found]
                    assert which, "neither the old nor the new"
                    ended[f"{how}: {which[0]}"] += 1
                    assert wait_for(scene.start()) == 0, "the next build failed"
                    assert scene.check(), "the next build did not end at the new shelf"
                except AssertionError as error:
                    raise AssertionError(f"cut after step {steps}, {line[:300]}, {how}: {error}") from error
    say(json.dumps({"steps": steps, "states": len(seen), "ended": ended}))


def _lay_out(index: Path, files: dict[str, bytes]) -> None:
    shutil.rmtree(index)
    index.mkdir()
    for name, data in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(data)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
