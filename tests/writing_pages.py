"""Fences to write pages of."""

from __future__ import annotations

CALL = """\
from anthropic import Anthropic

message = Anthropic().messages.create(
    model="claude-sonnet-5-5",
    max_tokens=300,
    messages=[{"role": "user", "content": "Hello"}],
)
print(message.stop_reason)
"""


def fence(source: str, header: str = "python") -> str:
    return f"```{header}\n{source.strip()}\n```"


def named(source: str, name: str, more: str = "") -> str:
    return fence(source, f" {{ .python #{name} {more}}}")


def output(text: str) -> str:
    return fence(text, " { .text .output }")
