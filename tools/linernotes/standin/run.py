"""What one run of the stand-in remembers: its script, the requests it has seen, what was wrong."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linernotes.findings import warning
from linernotes.standin.identity import Identity
from linernotes.standin.memory import Memory

if TYPE_CHECKING:
    import datetime as dt

    from linernotes.findings import Finding
    from linernotes.standin.replies import Replies, Reply

REMEMBERED = 10_000
"""Bodies whose repetition is counted; the oldest is forgotten, so that memory stays bounded."""


@dataclass(slots=True)
class Run:
    """The state behind one application. `today` is the day by which models are retired."""

    replies: Replies | None
    today: dt.date
    waiting: list[int] = field(init=False)  # Indexes of the replies that nobody took yet.
    seen: OrderedDict[str, int] = field(default_factory=OrderedDict)
    mismatches: list[Finding] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        self.waiting = list(range(len(self.replies.replies))) if self.replies else []

    def identity(self, path: str, body: bytes) -> Identity:
        """Return what the ids of the answer to this request are made from, and count it."""
        digest = hashlib.sha256(path.encode() + b"\n" + body).hexdigest()
        repeat = self.seen.pop(digest, 0)
        self.seen[digest] = repeat + 1
        if len(self.seen) > REMEMBERED:
            self.seen.popitem(last=False)
        return Identity(digest, repeat, self.memory)

    def next_reply(self, asked: str) -> tuple[Reply, int] | None:
        """Take the next reply of the script for a request, and its line.

        `asked` is the text of the last message. A reply with `when` waits for the request that
        has it. None when no reply is left. A reply's delay passes on the run's clock: nobody waits.
        """
        if self.replies is None:
            return None
        for index in self.waiting:
            reply = self.replies.replies[index]
            if reply.when is None or reply.when in asked:
                self.waiting.remove(index)
                self.memory.clock.ahead += reply.delay
                return reply, self.replies.lines[index]
        return None

    def findings(self) -> tuple[Finding, ...]:
        """Return what the requests so far have shown to be wrong with the script."""
        message, hint = "No request took this reply.", "Delete it, or send the request."
        if self.replies is None:
            return tuple(self.mismatches)
        return (
            *self.mismatches,
            *(
                warning("replies-unused", self.replies.page, line, message, hint)
                for line in (self.replies.lines[index] for index in self.waiting)
            ),
        )
