"""Ids and signatures: random to look at, the same for the same request."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linernotes.standin.memory import Memory

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LENGTH = 22

SIGNATURE_MARK = b"Linernotes stand-in"
"""What our signatures begin with, so that they can be told from the real API's."""

SIGNATURE_BYTES = 240
"""About the length of the signatures of short thoughts in recordings."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the ids of one answer are made from: the request's digest and how often it came before.

    Counting per body, and not over all requests, keeps the ids the same when a snippet sends
    several requests at once and they arrive in any order. `memory` is what the run has kept of
    other requests; None outside of a run.
    """

    digest: str
    repeat: int
    memory: Memory | None = field(default=None, compare=False, repr=False)

    def id(self, prefix: str, salt: str = "") -> str:
        """Return an id such as `msg_01VWoy28sUMKXEpbwuUkrpmP`; `salt` tells several apart."""
        seed = f"{self.digest}/{self.repeat}/{prefix}/{salt}"
        number = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")
        letters = []
        for _ in range(_LENGTH):
            number, letter = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[letter])
        return f"{prefix}_01{''.join(letters)}"


def signature(thinking: str, prefix: str = "") -> str:
    """Return the signature of a thinking block that shows `thinking` and that `prefix` led to."""
    stretched = hashlib.shake_256(f"{prefix}{thinking}".encode()).digest(SIGNATURE_BYTES)
    return base64.b64encode(SIGNATURE_MARK + stretched).decode()


def is_forged(
    thinking: str, signed: str, prefixes: Iterable[str] = ("",), *, only_ours: bool = False
) -> bool:
    """Return whether a signature is one of ours for another text or prefix, or none at all.

    Signatures of the real API can't be checked here. They are taken, unless `only_ours` says that
    the model takes a thought back in its own conversation alone, which was none of ours.
    """
    try:
        raw = base64.b64decode(signed, validate=True)
    except ValueError:
        return True
    if raw.startswith(SIGNATURE_MARK):
        return all(signed != signature(thinking, prefix) for prefix in prefixes)
    return only_ours or len(raw) < len(SIGNATURE_MARK)
