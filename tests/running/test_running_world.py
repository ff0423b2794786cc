"""The network is closed, whatever is used to reach it, and the machine's secrets stay outside."""

from __future__ import annotations

import pytest
from running_jobs import Run

from linernotes.running.world import environment

# 192.0.2.0/24 and example.com are for documentation (RFC 5737, RFC 2606): nobody is bothered.
UDP = "import socket\nudp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
SWALLOWED = """
import socket
try:
    socket.create_connection(("192.0.2.1", 80))
except OSError:
    pass
"""

ATTEMPTS = {
    "a connection": (
        "import socket\nsocket.create_connection(('192.0.2.1', 80))",
        "192.0.2.1:80",
    ),
    "a connection without exceptions": (
        "import socket\nsocket.socket().connect_ex(('192.0.2.1', 80))",
        "192.0.2.1:80",
    ),
    "a swallowed exception": (SWALLOWED, "192.0.2.1:80"),
    "a raw socket": (
        "import _socket\n_socket.socket().connect(('192.0.2.1', 80))",
        "192.0.2.1:80",
    ),
    "IPv6": (
        "import socket\nsocket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
        "2001:db8::1:80",
    ),
    "UDP": (UDP + "udp.sendto(b'', ('192.0.2.1', 53))", "192.0.2.1:53"),
    "connected UDP": (UDP + "udp.connect(('192.0.2.1', 53))", "192.0.2.1:53"),
    "sendmsg": (UDP + "udp.sendmsg([b''], [], 0, ('192.0.2.1', 53))", "192.0.2.1:53"),
    "a name": ("import socket\nsocket.getaddrinfo('example.com', 443)", "example.com:443"),
    "an old way to ask for a name": (
        "import socket\nsocket.gethostbyname('example.com')",
        "example.com",
    ),
    "asyncio": (
        "import asyncio\nawait asyncio.open_connection('192.0.2.1', 80)",
        "192.0.2.1:80",
    ),
    "asyncio with a name": (
        "import asyncio\nawait asyncio.open_connection('example.com', 80)",
        "example.com:80",
    ),
    "a server of the machine": (
        "import socket\nsocket.create_connection(('127.0.0.1', 9))",
        "127.0.0.1:9",
    ),
    "a socket in the file system": (
        "import socket\nsocket.socket(socket.AF_UNIX).connect('/run/any.sock')",
        "/run/any.sock",
    ),
    "mail": ("import smtplib\nsmtplib.SMTP('example.com')", "example.com:25"),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_network_is_closed(run: Run, name: str) -> None:
    source, place = ATTEMPTS[name]
    outcome = run(source)
    assert outcome.failure is not None
    assert outcome.failure.code == "network-closed"
    assert f"it tried to reach {place}," in outcome.failure.message


OWN = {
    "a server": """
        import socket, threading
        server = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(server.getsockname())
        client.sendall(b"hello")
        print(server.accept()[0].recv(5).decode())
    """,
    "a web server on all addresses": """
        import socket, threading
        from http.server import BaseHTTPRequestHandler, HTTPServer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"hello")

            def log_message(self, *_):
                pass

        server = HTTPServer(("", 0), Handler)
        threading.Thread(target=server.handle_request, daemon=True).start()
        with socket.create_connection(("localhost", server.server_port)) as client:
            client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            print(client.makefile().read()[-5:])
    """,
    "a server of asyncio": """
        import asyncio

        async def greet(reader, writer):
            writer.write(b"hello")
            writer.close()

        server = await asyncio.start_server(greet, "localhost", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("localhost", port)
        print((await reader.read()).decode())
        server.close()
    """,
    "a socket in its directory": """
        import socket
        server = socket.socket(socket.AF_UNIX)
        server.bind("own.sock")
        server.listen()
        client = socket.socket(socket.AF_UNIX)
        client.connect("own.sock")
        server.accept()[0].sendall(b"hello")
        print(client.recv(5).decode())
    """,
}


@pytest.mark.parametrize("name", OWN)
def test_a_snippet_may_talk_to_servers_of_its_own(run: Run, name: str) -> None:
    outcome = run(OWN[name])
    assert outcome.failure is None
    assert outcome.stdout == "hello\n"


def test_no_secret_of_the_machine_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL"):
        monkeypatch.setenv(name, "a real one")
    found = environment({"MY_SETTING": "1"})
    assert "a real one" not in found.values()
    assert found["ANTHROPIC_API_KEY"].startswith("sk-ant-api03-placeholder")
    assert found["MY_SETTING"] == "1"
