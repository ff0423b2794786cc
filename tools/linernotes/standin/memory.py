"""What answers depend on besides their request: the time, and what was cached before."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linernotes.standin.caching import PromptCache
from linernotes.standin.diagnosing import Diagnostics

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Clock:
    """Seconds since any start; `ahead` is what scripted delays have added to the time."""

    read: Callable[[], float] = time.monotonic
    ahead: float = 0

    def now(self) -> float:
        """Return the time in seconds."""
        return self.read() + self.ahead


@dataclass(slots=True)
class Memory:
    """What one run keeps from request to request."""

    clock: Clock = field(default_factory=Clock)
    cache: PromptCache = field(default_factory=PromptCache)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
