from __future__ import annotations

import signal
import socket
import subprocess
import sys

import httpx2
import pytest
from asking import HELLO

from linernotes.standin.app import create_app
from linernotes.standin.server import _listening, serve

HEADERS = {"x-api-key": "k", "anthropic-version": "2026-10-21"}


def test_a_server_answers_as_soon_as_its_url_is_known_and_is_gone_afterwards():
    with serve(create_app()) as url:
        assert url.startswith("http://127.0.0.1:")
        assert not url.endswith("/")
        assert httpx2.post(f"{url}/v1/messages", json=HELLO, headers=HEADERS).status_code == 200
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)


def test_a_port_that_is_taken_is_an_os_error():
    with serve(create_app()) as url:
        again = serve(create_app(), port=int(url.rpartition(":")[2]))
        with pytest.raises(OSError, match="in use"):
            again.__enter__()


def test_many_servers_run_side_by_side():
    with serve(create_app()) as one, serve(create_app()) as other:
        assert one != other
        for url in (one, other):
            assert httpx2.get(f"{url}/v1/models", headers=HEADERS).status_code == 200


def test_the_protocol_is_named_so_that_answers_are_not_held_back_by_40_ms():
    with _listening(0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_the_blocking_server_prints_its_url_first_and_ends_quietly_when_interrupted():
    code = (
        "from linernotes.standin.app import create_app; "
        "from linernotes.standin.server import serve_forever; serve_forever(create_app(), 0)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx2.get(f"{url}/v1/models", headers=HEADERS).status_code == 200
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, rest, errors) == (0, "", "")
