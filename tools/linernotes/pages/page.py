"""A page as it lies on disk: its text, its front matter and its fences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.findings import Finding, error
from linernotes.pages.dialect import HOUSE, Dialect
from linernotes.pages.fences import Fence, scan
from linernotes.pages.front_matter import split

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Page:
    """A Markdown file. `path` is as findings name it; lines are counted from 1, in the file."""

    path: str
    front_matter: str | None
    body: str
    body_line: int
    fences: tuple[Fence, ...]
    findings: tuple[Finding, ...]


def read_page(file: Path, path: str, dialect: Dialect = HOUSE) -> Page:
    """Return the page in `file`, with what is wrong in it as its findings.

    `dialect` is the Markdown of its project.

    A file that can't be read or isn't UTF-8 gives a page without fences, and a finding.
    """
    try:
        data = file.read_bytes()
    except OSError as exc:
        finding = error("unreadable-page", path, None, f"can't be read: {exc.strerror or exc}")
        return Page(path, None, "", 1, (), (finding,))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        finding = error(
            "not-utf8",
            path,
            data.count(b"\n", 0, exc.start) + 1,
            f"not UTF-8: byte 0x{data[exc.start]:02x} can't be decoded",
            "save the file as UTF-8",
        )
        return Page(path, None, "", 1, (), (finding,))
    front_matter, body, body_line = split(text)
    fences, findings = scan(body, path, body_line, dialect)
    return Page(path, front_matter, body, body_line, fences, findings)
