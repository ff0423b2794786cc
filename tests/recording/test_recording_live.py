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


class Handler(BaseHTTPRequestHandler):
    """Answers as the API would."""

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        asked = json.loads(self.rfile.read(length))
        assert isinstance(self.server, Impostor)
        self.server.seen.append(self.headers["authorization"])
        data = json.dumps(MESSAGE | {"model": asked["model"]}).encode()
        self.send_response(200)
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
    headers={"anthropic-version": "2026-10-21", "authorization": os.environ["ANTHROPIC_API_KEY"]},
    json={"model": "m", "max_tokens": 9, "messages": []},
    verify=False,
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
    site.page(
        named(CALL.format(options=""), "trusted-by-the-machine"),
        named(own + trusting, "trusted-by-the-snippet"),
        named(blind, "not-looked-at"),
        named(ASYNC_CALL, "asynchronous"),
        named(REQUESTS_CALL, "another-client"),
        named(CALL.format(options='base_url="http://api.anthropic.com"'), "not-encrypted"),
        named(CALL.format(options='base_url="https://gateway.example"'), "a-gateway"),
    )
    report = site.json("record", "--yes")
    assert report["recorded"] == []
    assert not list(site.root.rglob("tests/cassettes/**/*.yaml"))
    codes = [one["code"] for one in report["findings"]]
    assert sorted(codes) == ["exception"] * 5 + ["not-live"] * 2
    messages = [one["message"] for one in report["findings"] if one["code"] == "exception"]
    assert all("CERTIFICATE_VERIFY_FAILED" in one for one in messages)
    assert impostor.seen == plain_impostor.seen == []  # no key was told to them


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
    assert report | {"provenance": "live", "requests": 3, "input_tokens": 24} == report
    for name in ("hello", "asynchronous", "another_client"):
        text = site.cassette(f"page/{name}").read_text()
        assert "source: live" in text
        assert KEY not in text
    assert sorted(filter(None, impostor.seen)) == [f"Bearer {KEY}", f"Bearer {KEY}", KEY]
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
