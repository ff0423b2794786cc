"""A finding: one problem, said so that its author can mend it without reading our code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning"]


class FindingJson(TypedDict):
    """The form of a finding in every `--json` output."""

    code: str
    severity: Severity
    page: str
    line: int | None
    message: str
    hint: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem at one place.

    `code` is a stable kebab-case name such as `unclosed-fence`. `page` is the file, relative to
    the project's root with forward slashes; it may also name a cassette or a configuration file.
    `line` is 1-based, or None when the problem is the whole file. `message` says what is wrong in
    one sentence; `hint` says what to write instead.
    """

    code: str
    severity: Severity
    page: str
    line: int | None
    message: str
    hint: str | None = None

    def to_json(self) -> FindingJson:
        """Return the finding as the mapping that `--json` prints."""
        return {
            "code": self.code,
            "severity": self.severity,
            "page": self.page,
            "line": self.line,
            "message": self.message,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        place = self.page if self.line is None else f"{self.page}:{self.line}"
        text = f"{place}: {self.severity}: {self.message} [{self.code}]"
        return text if self.hint is None else f"{text}\n    hint: {self.hint}"


def error(code: str, page: str, line: int | None, message: str, hint: str | None = None) -> Finding:
    """Return a finding that fails the command (exit code 1)."""
    return Finding(code, "error", page, line, message, hint)


def warning(
    code: str, page: str, line: int | None, message: str, hint: str | None = None
) -> Finding:
    """Return a finding that is printed and doesn't fail the command."""
    return Finding(code, "warning", page, line, message, hint)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether any finding fails the command."""
    return any(finding.severity == "error" for finding in findings)
