"""Portkey's open gateway as a process on this machine."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
from collections import Counter
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from linernotes.gateways.node_packages import NodeError, installed

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = "@portkey-ai/gateway"
NODE = Path(__file__).parent / "node"

LONGEST_ANSWER = 60
"""Seconds. A fallback waits between its tries."""

_LISTENING = "listening on "


class OpenGateway:
    """The process, installed and started when it is first asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self._asked: Counter[bytes] = Counter()
        self.version = ""

    def start(self) -> None:
        """Start it if it doesn't run yet; return when it listens. Raises NodeError."""
        with self._lock:
            if self._process is not None:
                return
            home = installed(NODE) / "node_modules" / PACKAGE
            self.version = json.loads((home / "package.json").read_text("utf-8"))["version"]
            self._process = subprocess.Popen(  # noqa: S603  # ours, pinned by the lock file
                [  # noqa: S607  # wherever it is
                    "node",
                    f"--import={(NODE / 'loopback.mjs').as_uri()}",
                    str(home / "build" / "start-server.js"),
                    "--headless",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            self._port = self._listening(self._process)

    def _listening(self, process: subprocess.Popen[str]) -> int:
        """Return the port that the process tells, and go on reading what it says after that."""
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            if line.startswith(_LISTENING):
                threading.Thread(target=process.stderr.read, daemon=True).start()
                return int(line.removeprefix(_LISTENING))
            said += line
        raise NodeError(f"the gateway {PACKAGE} doesn't start: {said.strip()[-500:]}")

    def ask(
        self, path: str, headers: Mapping[str, str], body: object
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of what the gateway answers to a POST. Raises NodeError.

        The names of headers are in lower case.
        """
        self.start()
        connection = HTTPConnection("127.0.0.1", self._port, timeout=LONGEST_ANSWER)
        content = json.dumps(body, ensure_ascii=False).encode()
        sent = {
            **headers,
            "content-type": "application/json",
            "x-linernotes-seed": self._seed(headers, content),
        }
        try:
            connection.request("POST", path, content, sent)
            answer = connection.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, given, answer.read()
        except (OSError, HTTPException) as exc:
            raise NodeError(f"the gateway {PACKAGE} doesn't answer: {exc!r}") from None
        finally:
            connection.close()

    def _seed(self, headers: Mapping[str, str], content: bytes) -> str:
        """Return what a request's lots are drawn from, such as which target takes it.

        That is its body, and how often the same snippet has sent it before; the headers, in which
        each snippet has another upstream, are of this run alone.
        """
        key = hashlib.sha256(repr(sorted(headers.items())).encode() + content).digest()
        with self._lock:
            repeat = self._asked[key]
            self._asked[key] += 1
        digest = hashlib.sha256(content + str(repeat).encode()).digest()
        return str(int.from_bytes(digest[:4], "big"))

    def stop(self) -> None:
        """End the process, if there is one. It ends by itself when its standard input does."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
