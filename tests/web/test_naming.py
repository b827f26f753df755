from __future__ import annotations

import posixpath
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askoctober.errors import CorpusError
from askoctober.web.naming import safe_path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.md", "a.md"),
        ("notes/a.md", "notes/a.md"),
        ("notes\\1917\\a.md", "notes/1917/a.md"),
        ("./notes//a.md", "notes/a.md"),
        ("Études sur 1917 (2).md", "Études sur 1917 (2).md"),
        ("Привет, мир.txt", "Привет, мир.txt"),
        ("e\u0301te.md", "\u00e9te.md"),
        ("console.md", "console.md"),
        ("com10.md", "com10.md"),
        ("a..b.md", "a..b.md"),
        ("%2e%2e/~root/$HOME.md", "%2e%2e/~root/$HOME.md"),
        ("x" * 197 + ".md", "x" * 197 + ".md"),
    ],
)
def test_names_that_can_be_kept(name: str, path: str) -> None:
    assert safe_path(name) == path


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "has no name"),
        ("./", "has no name"),
        ("/etc/passwd.md", "has an absolute path"),
        ("\\\\host\\share\\a.md", "has an absolute path"),
        ("C:\\a.md", "has an absolute path"),
        ("c:a.md", "has an absolute path"),
        ("é:a.md", "has an absolute path"),
        ("../a.md", "leads out of its folder"),
        ("notes/../../a.md", "leads out of its folder"),
        ("notes\\..\\a.md", "leads out of its folder"),
        ("notes/../a.md", "leads out of its folder"),
        ("a\0.md", "invisible or control characters"),
        ("a\n.md", "invisible or control characters"),
        ("a\u202edm.exe.md", "invisible or control characters"),
        ("a\ud800.md", "invisible or control characters"),
        (".hidden.md", "hidden name"),
        (".git/config.md", "hidden name"),
        ("CON.md", "not possible on every system (CON.md)"),
        ("notes/lpt1.tar.md", "not possible on every system"),
        ("aux /a.md", "not possible on every system"),
        ("COM¹.txt", "not possible on every system"),
        ("notes./a.md", "not possible on every system"),
        ("a.md ", "not possible on every system"),
        ("x" * 198 + ".md", "too long a name"),
        ("я" * 100 + ".md", "too long a name"),
        ("/".join(["x" * 50] * 8), "too long a name"),
    ],
)
def test_names_that_cannot(name: str, reason: str) -> None:
    with pytest.raises(CorpusError) as caught:
        safe_path(name)
    said = str(caught.value)
    assert reason in said and said.startswith("has ") and "; " in said and said.endswith(".")


def test_what_windows_forbids_is_refused_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert safe_path("What: is it?.md") == "What: is it?.md"
    monkeypatch.setattr("askoctober.web.naming.ON_WINDOWS", True)
    for name in ("What is it?.md", "ab:stream.md", "a|b.md", 'a".md', "<a>.md"):
        with pytest.raises(CorpusError, match="not possible on every system"):
            safe_path(name)


PARTS = st.sampled_from(
    ["..", ".", "", "C:", "con", "nul.txt", "a", "b.md", ".x", "a ", "~", "\0", "x" * 250, "é", "e\u0301"]
)
NAMES = st.text(max_size=40) | st.builds(
    lambda parts, separator: separator.join(parts),
    st.lists(PARTS | st.text(max_size=5), max_size=6),
    st.sampled_from("/\\"),
)


@given(NAMES)
@example("..\\..\\a.md")
@example("a/\u2024\u2024/b.md")
@example("\uff0e\uff0e/a.md")
def test_any_name_is_refused_or_stays_in_its_folder(name: str) -> None:
    try:
        path = safe_path(name)
    except CorpusError:
        return
    assert safe_path(path) == path == posixpath.normpath(path)
    for pure in (PurePosixPath(path), PureWindowsPath(path)):
        assert not pure.is_absolute() and not pure.drive and not pure.root
        assert not {"..", ".", ""} & set(pure.parts)
    assert not any(part.startswith(".") for part in path.split("/"))
    assert all(
        unicodedata.category(character)[0] != "C" or unicodedata.category(character) in ("Cn", "Co")
        for character in path
    )
    assert len(path.encode()) <= 400
