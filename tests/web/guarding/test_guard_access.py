"""Who gets in: with the password in a header, with the cookie that the page gives for it, or not at all."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import pytest

from askoctober.web.guarding import LOOPBACK, Rules
from askoctober.web.guarding.access import ATTEMPTS, FORM_SECONDS, Access, password_of
from askoctober.web.guarding.login import COOKIE, SESSION_SECONDS, Sessions
from askoctober.web.guarding.secret import Secret
from askoctober.web.wording import LANGUAGES

from ..fakes import complete
from .guarded import ELSEWHERE, PASSWORD, SECRET, Guarded, guarded

BEARER = {"Authorization": b"Bearer " + PASSWORD.encode()}
BASIC = {"Authorization": "Basic " + base64.b64encode(f"anna:{PASSWORD}".encode()).decode()}
PAGE = {"Accept": "text/html,application/xhtml+xml"}
ASKED = {"question": "Who voted against the insurrection?"}
CHAT = {"model": "askoctober", "messages": [{"role": "user", "content": ASKED["question"]}]}


@pytest.fixture(scope="module")
def served() -> Iterator[Guarded]:
    with guarded(Rules(secret=SECRET)) as chat:
        yield chat


DOORS = [
    ("POST", "/api/ask"),
    ("POST", "/api/search"),
    ("GET", "/api/articles"),
    ("GET", "/v1/models"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("GET", "/metrics"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
    ("GET", "/"),
    ("GET", "/config"),
    ("GET", "/theme.css"),
    ("GET", "/askoctober/main.js"),
    ("GET", "/gradio_api/info"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/run/predict"),
    ("POST", "/gradio_api/upload"),
    ("POST", "/gradio_api/component_server"),
    ("OPTIONS", "/api/ask"),
    ("GET", "/nowhere"),
    ("GET", "//healthz"),
    ("GET", "/healthz/"),
    ("GET", "/healthz/../api/articles"),
    ("GET", "/login/../api/articles"),
]


@pytest.mark.parametrize(("method", "path"), DOORS, ids=lambda value: str(value))
def test_no_door_opens_without_the_password(served: Guarded, method: str, path: str) -> None:
    with served.client() as client:
        for headers in ({}, {"Authorization": "Bearer no"}, {"Cookie": f"{COOKIE}=9999999999.00"}):
            with served.client("203.0.113.99" if "Authorization" in headers else ELSEWHERE) as client:
                # The path as it is: no client of ours tidies it up.
                request = client.build_request(method, served.url, headers=headers)
                request.extensions["target"] = path.encode()
                reply = client.send(request)
            assert reply.status_code in (401, 429), (method, path, headers)
            assert "insurrection" not in reply.text and "rupture" not in reply.text


def test_programs_are_told_in_their_own_way(served: Guarded) -> None:
    with served.client() as client:
        reply = client.post("/api/ask", json=ASKED)
        assert (reply.status_code, reply.headers["content-type"]) == (401, "application/problem+json")
        assert reply.headers["www-authenticate"] == 'Bearer realm="askoctober"'
        assert "Authorization: Bearer" in reply.json()["detail"]
        reply = client.post("/v1/chat/completions", json=CHAT)
        assert (reply.status_code, reply.json()["error"]["code"]) == (401, "password_wanted")
        assert client.get("/healthz").json() == {"status": "ok"}
        # A browser asks for these without cookies.
        assert client.get("/manifest.json").status_code == client.get("/favicon.ico").status_code == 200


@pytest.mark.parametrize("headers", [BEARER, BASIC])
def test_programs_get_in_with_the_password_in_a_header(served: Guarded, headers: dict[str, str]) -> None:
    with served.client() as client:
        client.headers.update(headers)
        assert "Kamenev" in client.post("/api/ask", json=ASKED).json()["text"]
        assert client.post("/v1/chat/completions", json=CHAT).status_code == 200
        for path in ("/", "/metrics", "/readyz", "/askoctober/main.js", "/config"):
            assert client.get(path).status_code == 200, path


def test_openai_clients_get_in_with_an_api_key() -> None:
    openai = pytest.importorskip("openai")
    with guarded(Rules(secret=Secret.of("plain letters alone"))) as served:
        with openai.OpenAI(base_url=f"{served.url}v1", api_key="plain letters alone", max_retries=0) as client:
            answer = client.chat.completions.create(**CHAT)
            assert "Kamenev" in str(answer.choices[0].message.content)
        with (
            openai.OpenAI(base_url=f"{served.url}v1", api_key="wrong", max_retries=0) as client,
            pytest.raises(openai.AuthenticationError, match="not the password"),
        ):
            client.chat.completions.create(**CHAT)


def test_a_reader_gets_in_on_a_page(served: Guarded) -> None:
    with served.client() as reader:
        page = reader.get("/", headers=PAGE)
        assert (page.status_code, page.headers["content-type"]) == (401, "text/html; charset=utf-8")
        assert 'type="password"' in page.text and 'action="/login"' in page.text
        wrong = reader.post("/login", data={"password": "no"})
        assert wrong.status_code == 401 and 'role="alert"' in wrong.text and COOKIE not in reader.cookies
        right = reader.post("/login", data={"password": PASSWORD})
        assert (right.status_code, right.headers["location"]) == (303, "/")
        attributes = right.headers["set-cookie"].split("; ")
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(attributes)
        assert "Secure" not in attributes and not any(name.startswith(("Max-Age", "expires")) for name in attributes)
        assert PASSWORD not in str(right.headers) and right.headers["cache-control"] == "no-store"
        assert '"title":"askoctober"' in reader.get("/", headers=PAGE).text
        assert reader.post("/api/ask", json=ASKED).status_code == 200


def test_behind_tls_the_cookie_is_for_tls_alone(served: Guarded) -> None:
    with served.client(**{"X-Forwarded-Proto": "https"}) as reader:
        reply = reader.post("/login", data={"password": PASSWORD})
        assert reply.status_code == 303 and "Secure" in reply.headers["set-cookie"]


def test_a_link_of_another_site_asks_once_more_with_the_cookie(served: Guarded) -> None:
    # SameSite=Strict: with a link that is followed from elsewhere no cookie comes, but with the page's own request.
    with served.client() as reader:
        followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"} | PAGE
        assert 'http-equiv="refresh" content="0;url=/"' in reader.get("/", headers=followed).text
        own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"} | PAGE
        assert "http-equiv" not in reader.get("/", headers=own).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_in_the_language_of_the_reader(served: Guarded, language: str) -> None:
    with served.client(f"203.0.113.{40 + list(LANGUAGES).index(language)}", **{"Accept-Language": language}) as reader:
        page = reader.get("/login").text
        titles = {"en": "asks for", "de": "verlangt", "es": "pide", "fr": "demande", "ru": "просит"}
        assert f'<html lang="{language}">' in page and titles[language] in page
        assert not re.search(r"[{}]\s*\$|password-[a-z]+(?![^<]*>)", page.partition("</style>")[2])


def test_a_form_that_is_none_is_refused(served: Guarded) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with served.client("203.0.113.60") as reader:
        assert reader.post("/login", data={"password": "x" * 10_000}).status_code == 413
        assert reader.post("/login", content=b"\xff\xfe=%%%&&&", headers=form).status_code == 401
        assert reader.post("/login", content=b"&".join([b"a=b"] * 100), headers=form).status_code == 401
        assert reader.post("/login").status_code == 401


def test_wrong_passwords_are_counted_by_address(served: Guarded) -> None:
    def tried(address: str, password: str) -> httpx.Response:
        with served.client(address, Authorization=f"Bearer {password}") as client:
            return client.get("/api/articles")

    address = "203.0.113.200"
    statuses = [tried(address, f"guess {number}").status_code for number in range(ATTEMPTS)]
    assert statuses == [401] * ATTEMPTS
    late = tried(address, "guess")
    assert late.status_code == 429 and 1 <= int(late.headers["retry-after"]) <= 60
    with served.client(address) as reader:
        page = reader.post("/login", data={"password": "guess"}, headers={"Accept-Language": "de"})
        assert page.status_code == 429 and "retry-after" in page.headers and "Passwörter" in page.text
    with served.client("203.0.113.201") as other:
        assert other.get("/api/articles", headers=BEARER).status_code == 200
    with served.client(address) as client:  # who is known already has not to wait for a guesser at the same address
        assert client.get("/api/articles", headers=BEARER).status_code == 200


def test_a_forged_address_is_not_believed() -> None:
    with guarded(Rules(secret=SECRET, proxies=("192.0.2.1",))) as served:
        statuses = []
        for number in range(ATTEMPTS + 1):
            with served.client(f"203.0.113.{number}", Authorization="Bearer guess") as client:
                statuses.append(client.get("/api/articles").status_code)
        assert statuses == [401] * ATTEMPTS + [429]


def test_the_server_answers_while_passwords_are_hashed() -> None:
    with guarded(Rules(secret=Secret.of(PASSWORD))) as served, ThreadPoolExecutor(8) as pool:

        def guess(number: int) -> int:
            with served.client(f"198.51.100.{number}", Authorization=f"Bearer {number}") as client:
                return client.get("/api/articles").status_code

        guesses = [pool.submit(guess, number) for number in range(16)]
        with served.client() as client:
            waited = 0.0
            while not all(guess.done() for guess in guesses):
                began = time.perf_counter()
                assert client.get("/healthz").status_code == 200
                waited = max(waited, time.perf_counter() - began)
                time.sleep(0.02)
        assert {guess.result() for guess in guesses} == {401}
        assert waited < 5


def test_openness_keeps_figures_for_the_keeper() -> None:
    with guarded(Rules(is_open=True)) as served:
        with served.client() as stranger:
            assert stranger.get("/metrics").status_code == stranger.get("/readyz").status_code == 403
            assert stranger.get("/healthz").status_code == stranger.get("/api/articles").status_code == 200
        with served.client("127.0.0.1") as keeper:
            assert keeper.get("/metrics").status_code == keeper.get("/readyz").status_code == 200


def test_a_password_is_asked_for_on_this_computer_too_where_there_is_one() -> None:
    with guarded(Rules(secret=SECRET), hosts=LOOPBACK) as served, served.client("127.0.0.1") as client:
        assert client.get("/api/articles").status_code == 401
        assert client.get("/api/articles", headers=BEARER).status_code == 200


# Cookies and headers


def test_cookies_end_and_cannot_be_forged() -> None:
    clock = [1_000_000.5]
    sessions = Sessions(lambda: clock[0])
    cookie = sessions.begin()
    until, _, signature = cookie.partition(".")
    assert sessions.holds(cookie)
    forged = [f"{int(until) + 1}.{signature}", f"{until}.", f"{until}.{signature[:-1]}", until, "", ".", "é.ü"]
    forged += [f"{until}.{signature.upper()}", f" {until}.{signature}", Sessions(lambda: clock[0]).begin()]
    assert not any(sessions.holds(cookie) for cookie in forged)
    clock[0] += SESSION_SECONDS - 1
    assert sessions.holds(cookie)
    clock[0] += 1
    assert not sessions.holds(cookie)


@pytest.mark.parametrize(
    ("header", "password"),
    [
        ("", None),
        ("Digest x", None),
        ("Bearer secret words", "secret words"),
        ("bearer  secret ", "secret"),
        ("Bearer", ""),
        ("Bearer \xc3\xbc", "ü"),
        ("Basic " + base64.b64encode("anna:a:b ü".encode()).decode(), "a:b ü"),
        ("basic " + base64.b64encode(b"nothing").decode(), ""),
        ("Basic ???", ""),
        ("Basic", ""),
    ],
)
def test_what_headers_bring(header: str, password: str | None) -> None:
    assert password_of(header) == password


def test_a_form_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askoctober.web.guarding.access.FORM_SECONDS", 0.1)
    assert FORM_SECONDS > 1
    sent = []

    async def never() -> None:
        await anyio.sleep_forever()

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/login", "headers": [], "client": (ELSEWHERE, 1)}
    complete(Access(never, SECRET)(scope, never, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 413


def test_right_passwords_are_hashed_once_and_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed, compared = [], []
    real = Secret.matches
    monkeypatch.setattr(Secret, "matches", lambda self, password: hashed.append(password) or real(self, password))
    import hmac

    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(threading.get_ident()) or compare(a, b))
    with guarded(Rules(secret=SECRET)) as served, served.client() as client:
        for _ in range(5):
            assert client.get("/api/articles", headers=BEARER).status_code == 200
    assert hashed == [PASSWORD] and len(compared) >= 6
