import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from askoctober import fetching
from askoctober.cli import fetch as command
from askoctober.errors import ConfigError
from fetching.site import Site, serve

app = typer.Typer()
app.command()(command.fetch)
QUICK = ["--private", "--delay", "0"]


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


def run(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


def test_pages_are_fetched_and_counted(site: Site, tmp_path: Path) -> None:
    address = site.page("/a", "text")
    result = run(address, "--into", str(tmp_path / "web"), *QUICK)
    assert result.exit_code == 0
    assert result.stdout == "1 addresses: 1 new, 0 changed, 0 unchanged, 0 gone, 0 failed\n"
    assert "Now `askoctober index` brings the index up to date." in result.stderr
    assert [path.read_text(encoding="utf-8") for path in tmp_path.glob("web/*/a-*.html")] == ["text"]


def test_failures_are_a_line_each_and_the_status(site: Site, tmp_path: Path) -> None:
    address = site.page("/a", "text")
    result = run(address, site.address + "/none", "ftp://x.example/", "--into", str(tmp_path), *QUICK, "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    pages = answer.pop("pages")
    counts = {"new": 1, "changed": 0, "unchanged": 0, "gone": 0, "failed": 2, "elsewhere": 0, "more": False}
    assert answer == {"into": str(tmp_path)} | counts
    assert sorted(page["outcome"] for page in pages) == ["failed", "failed", "new"]
    assert f"askoctober: {site.address}/none is not there (HTTP 404); correct the address.\n" in result.stderr
    assert "askoctober: ftp://x.example/ is of the kind ftp:" in result.stderr


def test_a_sitemap(site: Site, tmp_path: Path) -> None:
    urls = "".join(f"<url><loc>/{i}</loc><lastmod>2026-01-0{i}</lastmod></url>" for i in range(1, 6))
    site.page("/sitemap.xml", f"<urlset>{urls}</urlset>")
    for i in range(1, 6):
        site.page(f"/{i}", f"page {i}")
    flags = ["--into", str(tmp_path), *QUICK, "--sitemap", "--since", "2026-01-03", "--most", "2"]
    result = run(site.address, *flags)
    assert result.exit_code == 0
    assert sorted(path.read_text(encoding="utf-8") for path in tmp_path.glob("*/*.html")) == ["page 3", "page 4"]
    assert "Sitemaps list more than 2 pages; give a larger --most for the others." in result.stderr


def test_without_private_this_machine_is_not_asked(site: Site, tmp_path: Path) -> None:
    result = run(site.page("/a", "text"), "http://localhost/", "--into", str(tmp_path))
    assert result.exit_code == 1
    assert "is on port" in result.stderr and "leads into a private network" in result.stderr
    assert site.asked == []


@pytest.mark.parametrize(
    ("flags", "reason"),
    [(["--delay", "0.5"], "is too quick"), (["--since", "2026-01-01"], "--sitemap")],
)
def test_flags_that_do_not_fit(tmp_path: Path, flags: list[str], reason: str) -> None:
    result = run("https://example.org/", "--into", str(tmp_path), *flags)
    assert isinstance(result.exception, ConfigError)
    assert reason in str(result.exception)


def test_stopped_it_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    def stop(*args: Any, report: fetching.Report, **how: Any) -> None:
        report.pages.append(fetching.Fetched("https://example.org/", "new"))
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, "fetch", stop)
    with pytest.raises(KeyboardInterrupt):
        command.fetch(["https://example.org/"], tmp_path)
    assert "1 new, 0 changed, 0 unchanged, 0 gone, 0 failed; stopped." in capsys.readouterr().err
