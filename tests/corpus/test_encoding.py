import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askoctober.corpus.encoding import decode
from askoctober.errors import CorpusError

RUSSIAN = "Владимир Ленин приехал в Петроград в апреле 1917 года. Рабочие и солдаты встретили его на вокзале.\r\n"
FRENCH = "Le café était « fermé » ; Lénine partit pour Zürich. Über alles, he said. The workers were there too.\n"
ENGLISH = (
    "The workers’ councils — “soviets” — met in Petrograd, and Lenin’s party had the majority by September 1917. "
    "It was the end of the old order in the capital and in the countryside as well."
)
POLISH = (
    "Robotnicy i żołnierze przejęli władzę w mieście. Większość fabryk przyłączyła się, "
    "a dla wielu był to koniec starego świata."
)
JAPANESE = "労働者と兵士は都市で権力を握った。革命は一九一七年に始まった。"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "cp866"),
        (FRENCH, "cp1252"),
        (FRENCH, "latin_1"),
        (FRENCH, "mac_roman"),
        (ENGLISH, "cp1252"),
        (ENGLISH * 50, "cp1252"),
        (POLISH, "cp1250"),
        (POLISH, "iso8859_2"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
    ],
)
def test_legacy_encodings_are_recognised(text, encoding):
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_names_the_encoding_and_is_dropped(encoding):
    assert decode(RUSSIAN.encode(encoding)) == RUSSIAN


def test_big_endian_and_a_second_mark():
    assert decode(codecs.BOM_UTF16_BE + RUSSIAN.encode("utf-16-be")) == RUSSIAN
    assert decode(codecs.BOM_UTF8 * 2 + b"a") == "\ufeffa"


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in [*range(32), 127, 0xFEFF]]))
)
def test_utf8_comes_back_character_for_character(text):
    assert decode(text.encode()) == text
    assert decode(text.encode("utf-8-sig")) == text


def test_newlines_are_not_translated():
    assert decode(b"a\r\nb\rc\nd\te\x0cf") == "a\r\nb\rc\nd\te\x0cf"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"first\nse\x00cond", "holds the control character U+0000 in line 2; remove it, or convert it"),
        (RUSSIAN.encode("utf-16-le"), "holds the control character U+0012 in line 1; remove it, or convert it"),
        (bytes(range(256)) * 10, "holds control characters and looks binary"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "holds control characters and looks binary"),
        (codecs.BOM_UTF16_LE + b"a", "is marked as utf-16-le but byte 2 is not"),
        (codecs.BOM_UTF8 + b"ab\xff", "is marked as utf-8 but byte 5 is not"),
        ("café".encode("cp1252"), "is not UTF-8 and too short to recognise its encoding; convert it with: iconv"),
        ("Ленин".encode("cp1251"), "is not UTF-8 and too short to recognise its encoding; convert it with: iconv"),
        (
            bytes((i * 97 + i * i) % 224 + 32 for i in range(999)).replace(b"\x7f", b""),
            "is neither UTF-8 nor in another",
        ),
        (RUSSIAN.encode()[:20] + RUSSIAN.encode()[21:], "is UTF-8 but damaged in 1 place, first at byte"),
    ],
)
def test_what_is_not_text_is_refused_with_the_way_out(data, reason):
    with pytest.raises(CorpusError) as caught:
        decode(data)
    assert str(caught.value).startswith(reason)
    assert ";" in str(caught.value) and "\n" not in str(caught.value)
