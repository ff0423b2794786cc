"""`live` is earned: a recording of anything but the vendor's own host, over verified TLS, isn't."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from writing_pages import named

from linernotes.recording import record as recording
from linernotes.running.packages import warm_modules

if TYPE_CHECKING:
    from conftest import Site

KEY = "sk-ant-api03-" + "k" * 80 + "AA"

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5-5",
    "content": [{"type": "text", "text": "Hi!"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 8, "output_tokens": 5},
}


class Impostor(ThreadingHTTPServer):
    """A server that remembers which keys it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[str | None] = []
        self.encodings: set[str] = set()
        self.troubles: list[int] = []
        self.extra: dict[str, object] = {}


class Handler(BaseHTTPRequestHandler):
    """Answers as the API would."""

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        asked = json.loads(self.rfile.read(length))
        assert isinstance(self.server, Impostor)
        self.server.seen.append(self.headers["authorization"])
        self.server.encodings.add(self.headers["accept-encoding"])
        status = self.server.troubles.pop(0) if self.server.troubles else 200
        problem = {"type": "error", "error": {"type": "busy", "message": "Later"}}
        good = MESSAGE | {"model": asked["model"]} | self.server.extra
        data = json.dumps(good if status == 200 else problem).encode()
        self.send_response(status)
        if status != 200:
            self.send_header("retry-after", "0")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.send_header("request-id", "req_1")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for api.anthropic.com that we made ourselves, and its key."""
    directory = tmp_path_factory.mktemp("certificate")
    file = directory / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-noenc", "-days", "2", "-subj", "/CN=api.anthropic.com"),
            *("-addext", "subjectAltName=DNS:api.anthropic.com"),
            *("-keyout", str(directory / "key.pem"), "-out", str(directory / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    parts = (directory / "key.pem", directory / "cert.pem")
    file.write_text("".join(part.read_text() for part in parts))
    return file


def serving(certificate: Path | None) -> Iterator[Impostor]:
    server = Impostor()
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def impostor(certificate: Path) -> Iterator[Impostor]:
    yield from serving(certificate)


@pytest.fixture
def plain_impostor() -> Iterator[Impostor]:
    yield from serving(None)


DETOUR = """
import socket

_ports = {ports!r}
_resolve, _connect = socket.getaddrinfo, socket.socket.connect

def getaddrinfo(host, port, *args, **kwargs):
    vendor = host in ("api.anthropic.com", b"api.anthropic.com")
    return _resolve("127.0.0.1" if vendor else host, port, *args, **kwargs)

def connect(self, address):
    return _connect(self, (address[0], _ports.get(address[1], address[1])))

socket.getaddrinfo = getaddrinfo
socket.socket.connect = connect

if {trusted!r}:
    import certifi
    certifi.where = lambda: {trusted!r}
"""


@pytest.fixture
def detour(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    impostor: Impostor,
    plain_impostor: Impostor,
) -> Callable[..., None]:
    """Lead the vendor's name to this machine, in the processes that run snippets.

    Call it with a certificate to have it trusted as if an authority had signed it.
    """
    ports = {443: impostor.server_port, 80: plain_impostor.server_port}
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.syspath_prepend(str(site.root / "lib"))
    monkeypatch.setattr(
        recording, "warm_modules", lambda sources: ("detour", *warm_modules(sources))
    )

    def lead(trusted: Path | None = None) -> None:
        text = DETOUR.format(ports=ports, trusted=str(trusted) if trusted else "")
        site.write("lib/detour.py", text)

    return lead


CALL = """
from anthropic import Anthropic, DefaultHttpxClient

client = Anthropic(max_retries=0, {options})
message = client.messages.create(
    model="claude-sonnet-5-5", max_tokens=9, messages=[{{"role": "user", "content": "Hi"}}]
)
print(message.stop_reason)
"""

ASYNC_CALL = """
from anthropic import AsyncAnthropic

async with AsyncAnthropic(max_retries=0) as client:
    await client.messages.create(
        model="claude-sonnet-5-5", max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
    )
"""

REQUESTS_CALL = """
import os
import requests

requests.post(
    "https://api.anthropic.com/v1/messages",
    headers={
        "accept-encoding": "br",
        "anthropic-version": "2026-10-21",
        "authorization": os.environ["ANTHROPIC_API_KEY"],
    },
    json={"model": "m", "max_tokens": 9, "messages": []},
    verify=False,
)
"""


HTTPX_CALL = """
import httpx

httpx.post("https://api.anthropic.com/v1/messages", json={"model": "m"}, verify=False)
"""

URLLIB_CALL = """
import ssl
import urllib.request

blind = ssl._create_unverified_context()
urllib.request.urlopen("https://api.anthropic.com/v1/messages", b"{}", context=blind)
"""

TRUSTED_LATER = """
from anthropic import Anthropic, DefaultHttpxClient

http_client = DefaultHttpxClient()
http_client._transport._pool._ssl_context.load_verify_locations({certificate!r})
Anthropic(max_retries=0, http_client=http_client).messages.create(
    model="claude-sonnet-5-5", max_tokens=9, messages=[{{"role": "user", "content": "Hi"}}]
)
"""

IN_THE_SNIPPET = """
import os
import socket
import ssl
import threading

from anthropic import Anthropic

os.environ["SSL_CERT_FILE"] = {certificate!r}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain({certificate!r})
listener = socket.create_server(("127.0.0.1", 0))


def serve():
    try:
        context.wrap_socket(listener.accept()[0], server_side=True)
    except OSError:
        pass


threading.Thread(target=serve, daemon=True).start()
resolved = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", listener.getsockname())]
socket.getaddrinfo = lambda *args, **kwargs: resolved
connect = socket.socket.connect
socket.socket.connect = lambda self, address: connect(self, listener.getsockname())
Anthropic(max_retries=0).messages.create(
    model="claude-sonnet-5-5", max_tokens=9, messages=[{{"role": "user", "content": "Hi"}}]
)
"""


def test_an_impostor_is_never_recorded_as_live(
    site: Site,
    detour: Callable[..., None],
    certificate: Path,
    impostor: Impostor,
    plain_impostor: Impostor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detour()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    own = f"import ssl\ncontext = ssl.create_default_context(cafile={str(certificate)!r})\n"
    trusting = CALL.format(options="http_client=DefaultHttpxClient(verify=context)")
    blind = CALL.format(options="http_client=DefaultHttpxClient(verify=False)")
    through = f'proxy="http://127.0.0.1:{plain_impostor.server_port}"'
    proxied = CALL.format(options=f"http_client=DefaultHttpxClient({through})")
    site.page(
        named(CALL.format(options=""), "trusted-by-the-machine"),
        named(own + trusting, "trusted-by-the-snippet"),
        named(blind, "not-looked-at"),
        named(ASYNC_CALL, "asynchronous"),
        named(REQUESTS_CALL, "another-client"),
        named(HTTPX_CALL, "the-other-httpx"),
        named(URLLIB_CALL, "the-standard-library"),
        named(TRUSTED_LATER.format(certificate=str(certificate)), "trusted-later"),
        named(proxied, "through-a-proxy"),
        named(IN_THE_SNIPPET.format(certificate=str(certificate)), "its-own-server"),
        named(CALL.format(options='base_url="http://api.anthropic.com"'), "not-encrypted"),
        named(CALL.format(options='base_url="https://gateway.example"'), "a-gateway"),
    )
    report = site.json("record", "--yes")
    assert report["recorded"] == []
    assert not list(site.root.rglob("tests/cassettes/**/*.yaml"))
    codes = [one["code"] for one in report["findings"]]
    assert sorted(codes) == ["exception"] * 9 + ["not-live"] * 3
    messages = [one["message"] for one in report["findings"] if one["code"] == "exception"]
    assert all("CERTIFICATE_VERIFY_FAILED" in one for one in messages)
    assert plain_impostor.seen == []
    assert len(impostor.seen) == 1  # by the snippet that put the impostor among the trusted
    assert report["provenance"] == {}


def test_the_vendor_is_recorded_as_live_without_the_key(
    site: Site,
    detour: Callable[..., None],
    certificate: Path,
    impostor: Impostor,
) -> None:
    detour(certificate)
    site.page(
        named(CALL.format(options=""), "hello"),
        named(ASYNC_CALL, "asynchronous"),
        named(REQUESTS_CALL, "another-client"),
    )
    report = site.json("record", "--yes")
    assert [one["message"] for one in report["findings"]] == []
    assert report | {"provenance": {"live": 3}, "requests": 3, "input_tokens": 24} == report
    for name in ("hello", "asynchronous", "another_client"):
        text = site.cassette(f"page/{name}").read_text()
        assert "source: live" in text
        assert KEY not in text
    assert sorted(filter(None, impostor.seen)) == [f"Bearer {KEY}", f"Bearer {KEY}", KEY]
    assert impostor.encodings == {"gzip, deflate"}  # what can be searched for credentials
    assert site.json("verify")["summary"]["provenance"] == {"live": 3}

    before = {path: path.stat().st_mtime_ns for path in site.root.rglob("*.yaml")}
    assert site.json("record", "--simulate")["requests"] == 0
    assert site.json("record", "--simulate", "docs/page.md")["requests"] == 0
    assert {path: path.stat().st_mtime_ns for path in site.root.rglob("*.yaml")} == before
    assert site.json("record", "--simulate", "docs/page.md#hello")["requests"] == 1
    assert "source: simulated" in site.cassette("page/hello").read_text()


def test_a_live_recording_asks_first(
    site: Site,
    detour: Callable[..., None],
    impostor: Impostor,
) -> None:
    detour()
    site.page(named(CALL.format(options=""), "hello"))
    result = site.run("record")
    assert result.exit_code == 1
    assert "at your cost?" in result.stderr
    assert impostor.seen == []


def test_what_it_will_cost_is_told_first_and_what_it_did_cost_afterwards(
    site: Site,
    detour: Callable[..., None],
    certificate: Path,
    impostor: Impostor,
) -> None:
    detour(certificate)
    site.page(named(CALL.format(options=""), "hello"), named(ASYNC_CALL, "asynchronous"))
    report = site.json("record", "--yes", "docs/page.md#hello")
    [one] = report["snippets"]
    # 8 tokens in for $2 a million, 5 out for $10: docs, about-claude/pricing.
    assert one | {"id": "docs/page.md#hello", "provenance": "live", "usd": 0.000066} == one
    assert report["usd"] == 0.000066
    assert 0 < report["estimated_usd"] < 0.001  # by the stand-in's tokens: nothing was recorded

    priceless = CALL.format(options="").replace("claude-sonnet-5-5", "claude-9")
    site.page(
        named(CALL.format(options=""), "hello"),
        named(priceless, "priceless"),
        named("import anthropic", "silent"),
    )
    result = site.run("record")
    assert "cost unknown  docs/page.md#priceless" in result.stderr
    assert "#silent" not in result.stderr
    assert "in all, by the tokens of earlier runs, without the 1 unknown" in result.stderr
    assert "Run 3 snippets" in result.stderr

    result = site.run("record", "--yes", "docs/page.md#hello")
    assert "about $0.0001, at most $0.0001  docs/page.md#hello" in result.stderr
    assert "It cost about $0.0001." in result.stdout
    assert len(impostor.seen) == 2  # a rehearsal tells nobody anything


@pytest.mark.parametrize("status", [429, 529])
def test_a_busy_api_is_asked_again_and_leaves_no_trace(
    site: Site,
    detour: Callable[..., None],
    certificate: Path,
    impostor: Impostor,
    status: int,
) -> None:
    detour(certificate)
    site.page(named(CALL.format(options=""), "hello"), named(ASYNC_CALL, "asynchronous"))
    impostor.troubles = [status, status, status]
    report = site.json("record", "--yes", "-j", "1")
    assert report["findings"] == []
    assert report["requests"] == 2
    assert len(impostor.seen) == 5
    for name in ("hello", "asynchronous"):
        text = site.cassette(f"page/{name}").read_text()
        assert "code: 200" in text
        assert str(status) not in text


def test_an_api_that_stays_busy_costs_no_cassette(
    site: Site,
    detour: Callable[..., None],
    certificate: Path,
    impostor: Impostor,
) -> None:
    detour(certificate)
    swallowed = "try:\n" + "".join(
        f"    {line}\n" for line in CALL.format(options="").strip().splitlines()
    )
    site.page(named(swallowed + "except Exception:\n    pass\n", "hello"))
    assert site.json("record", "--simulate")["findings"] == []
    before = site.cassette("page/hello").read_bytes()
    impostor.troubles = [429] * 99
    report = site.json("record", "--yes")
    assert [one["code"] for one in report["findings"]] == ["api-busy"]
    assert site.cassette("page/hello").read_bytes() == before


def test_a_snippet_about_a_busy_api_keeps_its_error(
    site: Site,
    detour: Callable[..., None],
    certificate: Path,
    impostor: Impostor,
) -> None:
    detour(certificate)
    limited = 'raises="anthropic.RateLimitError"'
    site.page(named(CALL.format(options=""), "hello", limited))
    impostor.troubles = [429] * 99
    assert site.json("record", "--yes")["provenance"] == {"live": 1}
    assert "code: 429" in site.cassette("page/hello").read_text()


def test_a_snippet_that_fails_live_keeps_its_cassette(
    site: Site,
    detour: Callable[..., None],
    certificate: Path,
    impostor: Impostor,
) -> None:
    detour(certificate)
    site.page(named(CALL.format(options=""), "hello"), named(ASYNC_CALL, "asynchronous"))
    site.json("record", "--simulate")
    before = site.cassette("page/hello").read_bytes()
    text = CALL.format(options="") + 'assert message.stop_reason == "refusal"\n'
    site.page(named(text, "hello"), named(ASYNC_CALL, "asynchronous"))
    report = site.json("record", "--yes")
    assert [one["code"] for one in report["findings"]] == ["exception"]
    assert report["recorded"] == ["tests/cassettes/page/asynchronous.yaml"]
    assert report["provenance"] == {"live": 1}
    assert site.cassette("page/hello").read_bytes() == before
    assert len(impostor.seen) == 2


def test_what_changed_in_the_form_of_answers_is_told_after_a_live_recording(
    site: Site,
    detour: Callable[..., None],
    certificate: Path,
    impostor: Impostor,
) -> None:
    detour(certificate)
    site.page(named(CALL.format(options=""), "hello"))
    assert site.json("record", "--yes")["drift"] == []
    impostor.extra = {"content": [{"type": "text", "text": "Good day!"}]}
    assert site.json("record", "--yes")["drift"] == []
    impostor.extra = {"speed": "fast", "stop_reason": "max_tokens"}
    result = site.run("record", "--yes")
    assert result.exit_code == 0
    assert "POST /v1/messages, answer 1: new keys: speed [drift]" in result.stdout
    assert "1 change of form in 1 cassette " in result.stdout


SCRIPTS = {
    "error": "replies:\n- text: Hi\n- error: {status: 529}\n",
    "refusal": "replies:\n- text: Hi\n- stop_reason: refusal\n",
    "broken": "replies:\n- text: Hi\n- {text: Hello, break_after: 1}\n",
    "because": "simulated_because: no model would say so\nreplies:\n- text: Hi\n",
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_what_only_the_stand_in_says_on_demand_stays_as_it_is(
    site: Site,
    detour: Callable[..., None],
    certificate: Path,
    impostor: Impostor,
    kind: str,
) -> None:
    detour(certificate)
    site.page(named(CALL.format(options=""), "scripted"), named(ASYNC_CALL, "asynchronous"))
    site.json("record", "--simulate")
    script = site.cassette("page/scripted").with_suffix(".replies.yaml")
    script.write_text(SCRIPTS[kind])
    before = site.cassette("page/scripted").read_bytes()

    report = site.json("record", "--yes")
    [left] = report["left_simulated"]
    assert left["id"] == "docs/page.md#scripted"
    lines = {"because": "no model would say so"}
    where = "tests/cassettes/page/scripted.replies.yaml:3 scripts `"
    assert left["reason"].startswith(lines.get(kind, where))
    assert report["recorded"] == ["tests/cassettes/page/asynchronous.yaml"]
    assert site.cassette("page/scripted").read_bytes() == before
    assert len(impostor.seen) == 1
    said = site.run("record", "--yes", "docs/page.md#scripted")
    assert "Left simulated: docs/page.md#scripted" in said.stdout


def test_what_goes_to_another_host_stays_as_it_is(
    site: Site, detour: Callable[..., None], impostor: Impostor
) -> None:
    detour()
    site.page(named(CALL.format(options='base_url="https://gateway.example"'), "hello"))
    assert site.json("record", "--simulate")["provenance"] == {"simulated": 1}
    report = site.json("record", "--yes")
    assert report["findings"] == []
    assert "gateway.example" in report["left_simulated"][0]["reason"]


def test_the_key_is_not_written_whatever_it_looks_like(
    site: Site,
    detour: Callable[..., None],
    certificate: Path,
    impostor: Impostor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detour(certificate)
    key = "correct horse battery"
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    leaking = CALL.format(options="").replace('"Hi"', 'f"My key: {client.api_key}"')
    site.page(named(leaking, "leaking"))
    assert site.json("record", "--yes")["provenance"] == {"live": 1}
    assert impostor.seen == [f"Bearer {key}"]
    text = site.cassette("page/leaking").read_text()
    assert "content: " in text
    assert key not in text
    assert site.json("verify")["summary"]["passed"] == 1
