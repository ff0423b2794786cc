"""Running the stand-in on loopback."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Generator

    from starlette.types import ASGIApp

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, app: ASGIApp) -> None:
        # Without date and server the answers are the same on any day and with any uvicorn.
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                date_header=False,
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )
        self.answers = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()


@contextmanager
def serve(app: ASGIApp, port: int = 0) -> Generator[str]:
    """Serve `app` on loopback in a thread; yield its base URL, without a final slash.

    Port 0 is any free port. The server answers when the URL is yielded and is gone when the block
    ends. Raises OSError when the port is taken.
    """
    with _listening(port) as listener:
        server = _Server(app)
        thread = threading.Thread(
            target=_run, args=(server, listener), name="linernotes-standin", daemon=True
        )
        thread.start()
        server.answers.wait()
        if not server.started:
            raise RuntimeError("the stand-in did not start")
        try:
            yield _url(listener)
        finally:
            server.should_exit = True
            thread.join()


def serve_forever(app: ASGIApp, port: int) -> None:
    """Serve `app` until interrupted; print its URL on stdout once it answers.

    Raises OSError when the port is taken.
    """
    with _listening(port) as listener:
        server = _Server(app)
        announcer = threading.Thread(target=_announce, args=(server, _url(listener)), daemon=True)
        announcer.start()
        with suppress(KeyboardInterrupt):  # uvicorn raises it again when it has shut down.
            server.run(sockets=[listener])


def _announce(server: _Server, url: str) -> None:
    server.answers.wait()
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def _run(server: _Server, listener: socket.socket) -> None:
    try:
        server.run(sockets=[listener])
    finally:
        server.answers.set()  # Nobody waits for a server that failed to start.


def _listening(port: int) -> socket.socket:
    """Return a socket that takes connections at once, even before the server reads from it.

    It names its protocol: asyncio turns off the delay of small packets, 40 ms for each answer,
    only on sockets that do.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"
