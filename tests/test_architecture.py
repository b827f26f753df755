"""Imports go one way only, and what is heavy waits until it is needed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "askoctober"
HEAVY = {"torch", "faiss", "gradio", "transformers", "sentence_transformers", "xllamacpp", "langchain_text_splitters"}

# From the top; a room imports from the levels below its own. The command line stands above the chat, which it starts.
LEVELS = [
    {"__main__"},
    {"cli"},
    {"web", "integrations", "evaluation", "checking"},
    {"answering"},
    {"retrieval", "generation", "building", "fetching"},
    {"milvus"},
    {"index", "embedding", "chunking", "calendars", "corpus", "models", "prompts"},
    {"config"},
    {"types"},
    {"errors", "version", "asynchrony", "display"},
]
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
FRONT = "__init__"
"""The package itself, which offers the public names of all rooms: those who stand above them may use it."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(node: ast.AST, path: Path) -> Iterator[str]:
    """The full names that an import statement brings in."""
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        if node.level:
            folder = path.relative_to(PACKAGE.parent).parent.parts
            module = ".".join([*folder[: len(folder) - node.level + 1], *([module] if module else [])])
        yield from (f"{module}.{name.name}" for name in node.names)


def rooms_used(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for name in imported(node, path):
            package, _, rest = name.partition(".")
            if package == "askoctober":
                room = rest.partition(".")[0]
                rooms.add(room if room in LEVEL else FRONT)
    return rooms


def test_every_room_has_a_level() -> None:
    assert {room_of(path) for path in MODULES} - {FRONT} <= LEVEL.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    room = room_of(path)
    if room == FRONT:
        return
    allowed = {room, *(below for below in LEVEL if LEVEL[below] > LEVEL[room])}
    if LEVEL[room] < LEVEL["answering"]:
        allowed.add(FRONT)
    assert rooms_used(path) <= allowed


def at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """Every statement that runs when a module is imported: not the bodies of functions, nor what only types need."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting.extend(node.orelse)
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_libraries_are_imported_where_they_load(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {name.partition(".")[0] for node in at_import(tree) for name in imported(node, path)}
    assert not names & HEAVY


def test_import_stays_light() -> None:
    code = f"import sys, askoctober; print(*({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_checks_find_what_they_are_for() -> None:
    path = PACKAGE / "corpus" / "x.py"
    code = "from .. import cli\nfrom . import a\nfrom ..web.app import b\nimport askoctober.index.store"
    names = [name for node in ast.walk(ast.parse(code)) for name in imported(node, path)]
    assert names == ["askoctober.cli", "askoctober.corpus.a", "askoctober.web.app.b", "askoctober.index.store"]
    code = "if TYPE_CHECKING:\n  import torch\nelse:\n  import a\ndef f():\n  import faiss\nclass C:\n  import gradio"
    names = [name for node in at_import(ast.parse(code)) for name in imported(node, path)]
    assert sorted(names) == ["a", "gradio"]
