"""The replay world: everything outside a snippet, replaced, from inside its process.

Python's audit events (PEP 578) close the network: a hook can't be removed, so neither the snippet
nor a Python library that it uses gets round it. What they can't see is a program that a snippet
starts, and C code with sockets of its own.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linernotes.cassettes.secret_patterns import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

PLACEHOLDERS: Mapping[str, str] = {
    "ANTHROPIC_API_KEY": PLACEHOLDER,
}
"""What stands in for credentials, so that a client can be built as the reader builds it."""

_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV")
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_RESOLVING = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_KILLING = frozenset({"os.kill", "os.killpg"})
_EVERYBODY = -1


class NetworkClosedError(OSError):
    """A snippet tried to reach the network by something else than its cassette."""


class _World:
    """The state of the guard in this process."""

    closed = False
    listens = False
    hosts: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    home = ""
    attempt: str | None = None
    protected: frozenset[int] = frozenset()


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a snippet: placeholders, the project's own, and little else.

    An allow-list, not a deny-list: no credential of the machine, whatever its name, gets in, and
    a verdict doesn't depend on who asks for it.
    """
    kept = {name: value for name in _KEPT if (value := os.environ.get(name)) is not None}
    return {**kept, "TZ": "UTC", **PLACEHOLDERS, **own}


def install(protected: Collection[int] = ()) -> None:
    """Put up the guard, its gate still open, in this process and its children.

    `protected` are the processes that they can't send signals to.
    """
    _World.protected = frozenset(protected)
    sys.addaudithook(_audit)


def close(allowed: Iterable[str] = ()) -> None:
    """From here on, let this process reach only the `allowed` hosts, and servers of its own.

    The working directory is its scratch directory: sockets in the file system count as its own
    there.
    """
    _World.hosts = frozenset(allowed)
    _World.addresses = _World.hosts
    _World.home = os.path.realpath(".")
    _World.attempt = None
    _World.closed = True
    if _World.hosts:
        _note_addresses()


def network_attempt() -> str | None:
    """Return what the process tried to reach in vain, if it did."""
    return _World.attempt


def _note_addresses() -> None:
    """Let the addresses through that an allowed host resolves to."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *others: Any, **named: Any) -> Any:
        found = resolve(host, *others, **named)
        if _text(host) in _World.hosts:
            _World.addresses |= {str(one[4][0]) for one in found}
        return found

    setattr(socket, "getaddrinfo", getaddrinfo)  # noqa: B010  # its type wants the very signature


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _World.closed:
        return
    if event in _KILLING:
        _check_signal(arguments[0])
    elif event == "socket.bind":
        _World.listens |= _is_local(arguments[1])
    elif event in _CONNECTING:
        if arguments[1] is not None:
            _check_address(arguments[0].family, arguments[1])
    elif event in _RESOLVING:
        host = _text(arguments[0])
        known = host in _World.hosts or host == socket.gethostname() or _is_local((host,))
        if not known:
            _refuse(host, arguments[1] if event == "socket.getaddrinfo" else None)


def _check_signal(process: int) -> None:
    if process == _EVERYBODY or abs(process) in _World.protected:
        raise PermissionError(f"a snippet can't send signals to process {process}")


def _check_address(family: int, address: Any) -> None:
    if family == getattr(socket, "AF_UNIX", None):
        path = os.fsdecode(address)
        own = path.startswith("\0") or Path(os.path.realpath(path)).is_relative_to(_World.home)
        if not own:
            _refuse(path, None)
    elif _text(address[0]) not in _World.addresses and not (_World.listens and _is_local(address)):
        _refuse(_text(address[0]), address[1])


def _refuse(host: str, port: object) -> None:
    place = host if port is None else f"{host}:{port}"
    _World.attempt = _World.attempt or place
    raise NetworkClosedError(f"the network is closed while a snippet runs: {place}")


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple) or not address:
        return False
    host = _text(address[0])
    if host in ("localhost", ""):
        return True
    try:
        number = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return number.is_loopback or number.is_unspecified


def _text(host: Any) -> str:
    if host is None:
        return ""
    return host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)
