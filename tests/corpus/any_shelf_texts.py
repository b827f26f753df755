# ruff: noqa: E501
"""Of the shelf: plain text and Markdown in every encoding and script, names, metadata, and text at its extremes."""

from __future__ import annotations

import unicodedata

from any_shelf import File, Want, bad, first, good, passed, prose

FRENCH = (
    "Le phare a été allumé à la tombée de la nuit par le gardien, qui monte chaque soir quatre-vingt-onze marches. "
    "Où sont passés les pêcheurs ? Ils étaient déjà rentrés, dit-elle, “bien avant l’orage”, et le café était fermé."
)
GERMAN = (
    "Der Müller zählte die Säcke, bevor das Wasser stieg, und schrieb ihre Größe in ein Heft, das niemand später fand. "
    "Für die Brücke über den Fluß fehlten noch fünf Bögen, und der Zöllner schloß die Straße."
)
RUSSIAN = (
    "Смотритель зажигает маяк в сумерках и каждый вечер поднимается по девяноста одной ступени. "
    "В тумане колокол звонит каждые две минуты, и лодки отвечают ему, пока не войдут в гавань."
)
JAPANESE = (
    "灯台守は夕暮れに灯をともし、毎晩九十一段の階段を上ります。霧の日には二分ごとに鐘が鳴り、船はそれに答えます。" * 3
)
CHINESE = "黄昏时分，守塔人点亮灯塔，他每天晚上都要爬九十一级台阶。大雾的时候，钟每两分钟敲一次，船只会用汽笛回答。" * 3
KOREAN = (
    "등대지기는 해 질 녘에 등불을 켜고 매일 저녁 아흔한 개의 계단을 오른다. 안개가 끼면 이 분마다 종이 울린다. " * 3
)
HEBREW = "שומר המגדלור מדליק את האור עם רדת הערב, ועולה בכל לילה תשעים ואחת מדרגות. בערפל מצלצל הפעמון כל שתי דקות."
ARABIC = "يضيء حارس المنارة المصباح عند الغسق، ويصعد كل مساء إحدى وتسعين درجة.\u200f وفي الضباب يدق الجرس كل دقيقتين."
HINDI = "दीपस्तंभ का रखवाला साँझ को दीया जलाता है और हर शाम इक्यानबे सीढ़ियाँ चढ़ता है। कोहरे में हर दो मिनट पर घंटी बजती है।"
THAI = "คนเฝ้าประภาคารจุดตะเกียงตอนพลบค่ำ และปีนบันไดเก้าสิบเอ็ดขั้นทุกเย็น ในหมอกระฆังดังทุกสองนาที"
HUGE_WORD = "unbroken" * 40_000
HEADINGS = 100_000


def encoded() -> list[File]:
    """Text in the encodings of half a century."""
    decomposed = unicodedata.normalize("NFD", FRENCH)
    mixed = FRENCH.encode() + b" " + FRENCH.encode("cp1252")
    return [
        good("letters/plain.txt", f"Le phare\n\n{FRENCH}".encode(), FRENCH, title="Le phare"),
        good("letters/mark.txt", b"\xef\xbb\xbfThe mark\n\n" + prose("mark").encode(), first("mark"), title="The mark"),
        good("letters/notepad.txt", f"The wide page\r\n\r\n{prose('u16')}".encode("utf-16"), first("u16"), title="The wide page"),
        good("letters/big-end.txt", b"\xfe\xff" + f"# No\n\n{GERMAN}".encode("utf-16-be"), "Größe in ein Heft"),
        good("letters/four.md", f"# Four bytes\n\n{prose('u32')}".encode("utf-32"), first("u32"), title="Four bytes"),
        good("letters/windows.txt", f"Le phare\n\n{FRENCH}".encode("cp1252"), FRENCH, title="Le phare"),
        good("letters/unix.txt", (GERMAN + " " + GERMAN[::-1].title()).encode("latin-1"), GERMAN),
        good("letters/маяк.txt", f"Маяк\r\n\r\n{RUSSIAN}".encode("cp1251"), RUSSIAN, title="Маяк"),
        good("letters/koi.txt", f"Маяк\n\n{RUSSIAN}".encode("koi8_r"), RUSSIAN, title="Маяк"),
        good("letters/dos.txt", f"Маяк\n\n{RUSSIAN}".encode("cp866"), RUSSIAN, title="Маяк"),
        good("letters/日本.txt", JAPANESE.encode("shift_jis"), JAPANESE[:40]),
        good("letters/中文.txt", CHINESE.encode("gb18030"), CHINESE[:40]),
        good("letters/한국.txt", KOREAN.encode("euc_kr"), KOREAN[:40]),
        good("letters/שלום.txt", HEBREW.encode(), HEBREW),
        good("letters/سلام.md", f"# المنارة\n\n{ARABIC}".encode(), ARABIC, title="المنارة"),
        good("letters/hindi.txt", HINDI.encode(), HINDI),
        good("letters/thai.txt", THAI.encode(), THAI),
        good("letters/apart.txt", (decomposed + " " + prose("apart")).encode(), decomposed),
        bad("letters/damaged.txt", RUSSIAN.encode().replace("маяк".encode(), b"\xd0\xd0", 1), "is UTF-8 but damaged in"),
        bad("letters/mixed.txt", mixed, "is neither UTF-8 nor in another encoding that is recognised"),
        bad("letters/unmarked.txt", prose("unmarked").encode("utf-16-le"), "control character U+0000 in line 1"),
        bad("letters/odd.txt", prose("odd").encode("utf-16")[:-1], "is marked as utf-16-le but byte"),
        bad("letters/short.txt", "été".encode("cp1252"), "too short to recognise its encoding"),
        bad("letters/nul.txt", f"{first('nul')}\0{first('nul 2')}".encode(), "control character U+0000 in line 1"),
        bad("letters/terminal.md", f"# T\n\n\x1b[1m{first('esc')}\x1b[0m".encode(), "control character U+001B in line 3"),
        bad("letters/noise.txt", bytes(range(256)) * 16, "looks binary"),
    ]  # fmt: skip


def shaped() -> list[File]:
    """Line ends, titles, lengths."""
    lines = prose("cr", 6).split(". ")
    headings = "".join(f"# Heading {number}\n\n" for number in range(HEADINGS)) + prose("headings")
    whole = " ".join(prose(f"line {number}", 56) for number in range(1000))
    front = "---\r\ntitle: 'A: colon'\r\nauthor: [Ada, Ben]\r\ndate: 1917-11-07\r\nlanguage: en\r\nurl: https://a.example/1\r\n---\r\n"
    return [
        good(
            "shapes/windows.md", f"{front}# Other\r\n\r\n{prose('crlf')}\r\n".encode(), first("crlf"), title="A: colon",
            author="Ada, Ben", date="1917-11-07", language="en", url="https://a.example/1", hides=("colon", "Ada"),
        ),
        good("shapes/mac.txt", "\r".join(["Old line ends", "", *lines]).encode(), lines[3], title="Old line ends"),
        good("shapes/lines.txt", "\u2028".join(lines).replace("the", "these").encode(), lines[2].replace("the", "these")),
        good("shapes/feed.txt", f"Pages of a printer\n\n{first('ff')}\f\n{first('ff 2')}".encode(), first("ff 2")),
        good("shapes/old mac.text", prose("text").encode(), first("text"), title="Old mac"),
        good("shapes/no-title_here.md", prose("untitled").encode(), first("untitled"), title="No title here"),
        good("shapes/huge line.txt", whole.encode(), first("line 999")),
        good("shapes/headings.md", headings.encode(), first("headings"), title="Heading 0"),
        good("shapes/word.txt", f"{first('word')} {HUGE_WORD}".encode(), HUGE_WORD[-100:]),
        good("shapes/code.markdown", f"```\n# no\n```\n# Yes *it* is\n\n{prose('code')}".encode(), first("code"), title="Yes it is"),
        bad("shapes/only.md", b"# Only a title\n", "holds headings alone, without a text that could be cited"),
        bad("shapes/contents.md", b"# A book\n\n## One\n\n## Two\n", "holds headings alone"),
        bad("shapes/two\nlines.md", b"", "is empty"),
        bad("shapes/empty.md", b"", "is empty; fill or remove it."),
        bad("shapes/white.txt", b" \r\n\t\n\xc2\xa0\xe3\x80\x80\n" * 50, "holds no words of an article"),
        bad("shapes/front.md", b"---\ntitle: Alone\n---\n", "holds no words of an article"),
        bad("shapes/unclosed.md", f"---\ntitle: x\n\n{first('unclosed')}".encode(), "has front matter that does not end"),
        bad("shapes/tabs.md", b"---\ntitle: 'x\n---\nText here.", "has front matter that is not valid YAML"),
        bad("shapes/signs.txt", b"*** 1917 - 10 - 25 ***\n" * 20, "holds no words of an article"),
    ]  # fmt: skip


def named() -> list[File]:
    """Names of all sorts."""
    longest = "ü" * 126 + ".md"
    deep = "/".join(f"d{number}" for number in range(40))
    names = [
        "two  spaces .md",
        'it\'s "quoted".txt',
        "🚢 ship.md",
        "-rf.md",
        "a;b&c$(d)`e`.txt",
        "%41%00.md",
        "~.txt",
        longest,
    ]
    names += [
        f"{deep}/low.md",
        "new\nline.txt",
        "tab\there.md",
        "dots..in...name.txt",
        "100%.md",
        "<b>.md",
        "ПРИМЕР.MD",
    ]
    twins = [unicodedata.normalize(form, "Café twin.md") for form in ("NFC", "NFD")]
    return [
        *(good(f"names/{name}", f"{prose(name)}\n".encode(), first(name)) for name in names),
        *(good(f"twins/{name}", prose(f"twin {number}").encode(), first(f"twin {number}")) for number, name in enumerate(twins)),
        *(good(f"twins/{name}", prose(name).encode(), first(name)) for name in ("case.md", "Case.md")),
        passed("names/trailing.md.", prose("trailing").encode(), ""),
        passed("names/.hidden.md", prose("hidden").encode(), "hidden"),
        passed("names/.cache/x.md", prose("cache").encode(), "hidden"),
        passed("names/README", prose("readme").encode(), ""),
        passed("names/photo.JPG", b"\xff\xd8\xff\xe0", ".jpg"),
        passed("names/film.mp4", b"\0\0\0 ftyp", ".mp4"),
    ]  # fmt: skip


def described() -> list[File]:
    """`articles.toml`, sound and unsound."""
    sound = '["a.txt"]\ntitle = "From the table"\nauthor = ["A", "B"]\ndate = 1917-03-08\n["t.csv".columns]\ntext = ["Lead", "Rest"]\ntitle = "Head"\nextra = "Note"\n'
    partly = '["a.txt"]\ntitle = true\n["b.txt"]\ntitle = "Sound"\n[page.html]\ntitle = "x"\n[old.tar.gz]\ntitle = "x"\n[s.csv.columns]\ntext = "x"\n'
    table = f'Head,Lead,Rest,Note\nOne,"{first("t1")}",{first("t1b").replace(",", "")},n\n'
    return [
        File("toml/articles.toml", sound.encode()),
        good("toml/a.txt", prose("toml a").encode(), first("toml a"), title="From the table", author="A, B", date="1917-03-08"),
        File("toml/t.csv", table.encode(), (Want(first("t1"), "toml/t.csv#1", title="One"),)),
        File(
            "partly/articles.toml", partly.encode(),
            fails=(
                ("", 'in ["a.txt"] gives title as true; put the value in quotes.'),
                ("", 'names a file without quotes; write ["page.html"].'),
                ("", 'names a file without quotes; write ["old.tar.gz"].'),
                ("", 'names a file without quotes; write ["s.csv"].'),
            ),
        ),
        good("partly/a.txt", prose("partly a").encode(), first("partly a"), title="A"),
        good("partly/b.txt", prose("partly b").encode(), first("partly b"), title="Sound"),
        bad("unsound/articles.toml", b"[open", "is not valid TOML ("),
        bad("latin/articles.toml", '["a.txt"]\ntitle = "é"'.encode("latin-1"), "is not UTF-8, as TOML must be"),
        File("columns/articles.toml", b'["x.csv"]\ncolumns = {text = "Nowhere"}\n["y.csv"]\ncolumns = "text"\n'),
        bad("columns/x.csv", b"id,text\n1,One thing and another.\n", "has no column 'Nowhere'"),
        bad("columns/y.csv", b"id,text\n1,One thing and another.\n", "has columns in articles.toml that are no table"),
    ]  # fmt: skip
