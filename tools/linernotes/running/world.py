"""The replay world: everything outside a snippet, replaced, from inside its process.

Python's audit events (PEP 578) close the network: a hook can't be removed, so neither the snippet
nor a library it uses gets round it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PLACEHOLDERS: Mapping[str, str] = {
    "ANTHROPIC_API_KEY": "sk-ant-api03-placeholder-key-for-replay",
}
"""What stands in for credentials, so that a client can be built as the reader builds it."""

_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV")
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_RESOLVING = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


class NetworkClosedError(OSError):
    """A snippet tried to reach the network by something else than its cassette."""


class _Network:
    closed = False
    listens = False
    allowed: frozenset[str] = frozenset()
    attempt: str | None = None


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a snippet: placeholders, the project's own, and little else.

    An allow-list, not a deny-list: no credential of the machine, whatever its name, gets in, and
    a verdict doesn't depend on who asks for it.
    """
    kept = {name: value for name in _KEPT if (value := os.environ.get(name)) is not None}
    return {**kept, "TZ": "UTC", **PLACEHOLDERS, **own}


def install() -> None:
    """Put up the guard, its gate still open, in this process and its children."""
    sys.addaudithook(_audit)


def close_network(allowed: Iterable[str] = ()) -> None:
    """From here on, let this process reach only the `allowed` hosts, and servers of its own."""
    _Network.allowed = frozenset(allowed)
    _Network.closed = True


def network_attempt() -> str | None:
    """Return what the process tried to reach in vain, if it did."""
    return _Network.attempt


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _Network.closed or not event.startswith("socket."):
        return
    if event == "socket.bind":
        _Network.listens |= _is_local(arguments[1])
    elif event in _CONNECTING:
        if arguments[0].family != getattr(socket, "AF_UNIX", None) and arguments[1] is not None:
            _check(arguments[1])
    elif event in _RESOLVING:
        _check((arguments[0], arguments[1] if event == "socket.getaddrinfo" else None))


def _check(address: Any) -> None:
    host, port = address[0], address[1]
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in _Network.allowed or (_is_local(address) and _Network.listens):
        return
    place = f"{host}:{port}" if port is not None else str(host)
    _Network.attempt = _Network.attempt or place
    raise NetworkClosedError(f"the network is closed while a snippet runs: {place}")


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple) or not address:
        return False
    host = address[0]
    if host in ("localhost", b"localhost", "", None):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
