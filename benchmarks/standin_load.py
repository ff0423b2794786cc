"""Load the stand-in: how many short messages a second, how many streams at once, how much memory.

    python benchmarks/standin_load.py           # a minute or two
    python benchmarks/standin_load.py --full    # memory over 100,000 requests
    python benchmarks/standin_load.py --smoke   # does it still run? its figures mean nothing

The server is a process of its own on loopback, the client is plain sockets, so that the server is
what is measured. Each request has another text, as if each came from another program.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Generator, Iterator

SERVER = (
    "from linernotes.standin.app import create_app;"
    "from linernotes.standin.server import serve_forever; serve_forever(create_app(), 0)"
)
PATIENCE = 120  # seconds without an answer, after which the run fails


@dataclass(frozen=True, slots=True)
class Size:
    """How many short messages for the rate, streams at once, and messages for the memory."""

    messages: int
    streams: int
    remembered: int


FULL = Size(messages=4_000, streams=100, remembered=100_000)
SHORT = Size(messages=2_000, streams=100, remembered=22_000)
SMOKE = Size(messages=20, streams=5, remembered=50)

CONNECTIONS = 16
WARM_UP = 11_000
"""The stand-in remembers the last 10,000 requests, no more: from then on memory must not grow."""


@dataclass(frozen=True, slots=True)
class Server:
    """The server's process and where it listens."""

    process: int
    host: str
    port: int

    def memory(self) -> float:
        """Return what the process holds now, in MB (10⁶ bytes)."""
        command = ["ps", "-o", "rss=", "-p", str(self.process)]
        return int(subprocess.run(command, capture_output=True, check=True).stdout) * 1024 / 1e6


@contextmanager
def running() -> Generator[Server]:
    """Start the stand-in in a process of its own, and end it."""
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = urlsplit(process.stdout.readline().strip())
        yield Server(process.pid, url.hostname or "", url.port or 0)
    finally:
        process.terminate()
        process.wait(10)


def request(text: str, *, stream: bool = False) -> bytes:
    """Return a whole HTTP request for a short message."""
    body = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": text}],
        "stream": stream,
    }
    content = json.dumps(body).encode()
    head = (
        "POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: any\r\n"
        "anthropic-version: 2026-10-21\r\ncontent-type: application/json\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def answered(reader: StreamReader) -> bytes:
    """Return the body of an answer that has a length. Fails unless its status is 200."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    if not head.startswith(b"HTTP/1.1 200") or length is None:
        raise RuntimeError(head.decode())
    return await reader.readexactly(int(length[1]))


async def send_all(server: Server, texts: Iterator[str]) -> None:
    """Send a message for each text, over connections that share the work."""

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        for text in texts:
            writer.write(request(text))
            await asyncio.wait_for(answered(reader), PATIENCE)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))


async def rate(server: Server, count: int) -> float:
    """Return answers per second for `count` short messages."""
    began = time.perf_counter()
    await send_all(server, (f"Rate {number}" for number in range(count)))
    return count / (time.perf_counter() - began)


async def streams(server: Server, count: int) -> float:
    """Return the seconds in which `count` streams, all begun before one is read, are complete."""

    async def whole(reader: StreamReader) -> bytes:
        return await asyncio.wait_for(reader.readuntil(b"\r\n0\r\n\r\n"), PATIENCE)

    async def begun(number: int) -> tuple[StreamReader, StreamWriter]:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(request(f"Stream {number}", stream=True))
        await writer.drain()
        return reader, writer

    began = time.perf_counter()
    pairs = await asyncio.gather(*(begun(number) for number in range(count)))
    bodies = await asyncio.gather(*(whole(reader) for reader, _ in pairs))
    took = time.perf_counter() - began
    for _, writer in pairs:
        writer.close()
    complete = sum(b"event: message_stop" in body for body in bodies)
    if complete != count:
        raise RuntimeError(f"{count - complete} of {count} streams did not end")
    return took


async def memory(server: Server, count: int) -> tuple[float, float]:
    """Return MB after the first messages and after all `count`, when memory may grow no more."""
    warm_up = min(WARM_UP, count // 2)
    await send_all(server, (f"Memory {number}" for number in range(warm_up)))
    before = server.memory()
    await send_all(server, (f"Memory {number}" for number in range(warm_up, count)))
    return before, server.memory()


def main() -> None:
    parser = argparse.ArgumentParser(description="Load the stand-in.")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--full", dest="size", action="store_const", const=FULL, default=SHORT)
    sizes.add_argument("--smoke", dest="size", action="store_const", const=SMOKE)
    size: Size = parser.parse_args().size
    with running() as server:
        asyncio.run(send_all(server, (f"Warm {number}" for number in range(CONNECTIONS))))
        per_second = asyncio.run(rate(server, size.messages))
        streamed = asyncio.run(streams(server, size.streams))
        before, after = asyncio.run(memory(server, size.remembered))
    warm_up = min(WARM_UP, size.remembered // 2)
    print(f"{'short messages':<42}{per_second:10.0f} a second")
    print(f"{f'{size.streams} streams at once, all complete after':<42}{streamed:10.2f} s")
    print(f"{f'memory after {warm_up:,} messages':<42}{before:10.1f} MB")
    print(f"{f'memory after {size.remembered:,} messages':<42}{after:10.1f} MB")


if __name__ == "__main__":
    main()
