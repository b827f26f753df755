import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.corpus import read_corpus
from askoctober.corpus.beside import JSON_HEAD, PARTS, SETTINGS, folders_of_parts, is_settings
from askoctober.corpus.finding import find

PROSE = (
    "The lamp at the harbour is lit at dusk by the keeper, who climbs ninety-one steps with oil on his back each day."
)
TEXTS = [{"text": PROSE}]


def test_folders_of_parts_are_named_after_pages() -> None:
    found = folders_of_parts(["A page.html", "b.c.HTM", "d.md", "e.mhtml"])
    assert {"A page_files", "A page-Dateien", "A page.files", "b.c_fichiers"} <= found
    assert not any(name.startswith(("d", "e")) for name in found)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"name": "x", "scripts": {"test": "jest"}, "contributors": [{"name": "Ada"}]}, True),
        ({"description": PROSE}, True),
        ([], True),
        ({}, True),
        ([1, "a", None], True),
        ([PROSE], False),
        ({"title": "x", "body": " ".join([PROSE] * 5)}, False),
        (TEXTS, False),
        ({"messages": TEXTS}, False),
        ({"pages": {"first": {"items": TEXTS}}}, False),
        ([{"meta": {"text": PROSE}}], False),
        ([{"text": "黄昏时分，守塔人点亮灯塔，他每天晚上都要爬九十一级台阶。" * 3}], False),
        ([{"name": "Смотритель маяка"}], True),
        ({"data": [{"paragraphs": []}]}, False),
        ({"title": 'a "[{" b', "quoted": [1]}, True),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_of_programs_is_told_from_texts(content: object, expected: bool, encoding: str) -> None:
    assert is_settings("a.json", json.dumps(content, indent=1).encode(encoding)) is expected
    assert not is_settings("a.jsonl", json.dumps(content).encode(encoding))


@pytest.mark.parametrize("data", [b"", b"   ", b"text", b"\xff\x00{}", b"{text}", b"[text]", b"\x89PNG", b'"a"'])
def test_what_is_no_json_is_not_judged(data: bytes) -> None:
    assert not is_settings("a.json", data)


def test_one_object_after_another_is_a_set_of_texts() -> None:
    assert not is_settings("a.json", b'{"text": "A."}\n{"text": "B."}\n')


def test_a_long_file_is_judged_by_its_head() -> None:
    assert not is_settings("a.json", json.dumps(TEXTS * 9999).encode()[:JSON_HEAD])
    assert not is_settings("a.json", json.dumps([{"text": " ".join([PROSE] * 9999)}]).encode()[:JSON_HEAD])


@given(st.text('{}[]",:\\ ab', max_size=300), st.sampled_from(['{"', "[{", '["', "[[", '{"a": [{"']))
def test_any_head_is_judged(text: str, start: str) -> None:
    assert is_settings("a.json", (start + text).encode()) in (True, False)


@pytest.mark.parametrize("sign", ["{", "[", '"', "\\", '"\\', '{"a', "[{", '[""', '" '])
def test_hostile_heads_take_no_time(sign: str) -> None:
    assert is_settings("a.json", ("[{" + sign * JSON_HEAD)[:JSON_HEAD].encode()) in (True, False)


def test_parts_are_no_articles_wherever_links_lead(tmp_path) -> None:
    for name in ("page.html", "page_files/a.html", "page_files/b/c.md", "page_files/.d", "q_files/e.md", "x.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}" if name == "x.json" else f"<html><p>{PROSE}</p></html>")
    (tmp_path / "page_files" / "up").symlink_to("..")
    (tmp_path / "again").symlink_to("page_files")
    (tmp_path / "page-Dateien").symlink_to("q_files")
    finding = find(tmp_path)
    assert [entry.path for entry in finding.files] == ["page.html", "q_files/e.md"]
    assert finding.passed_over == {SETTINGS: 1, PARTS: 4}
    assert [article.path for article in read_corpus(tmp_path).articles] == ["page.html", "q_files/e.md"]
