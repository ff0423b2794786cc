"""A verdict of an earlier run holds as long as all that went into it, and no longer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import linernotes
from linernotes.project import find_project
from linernotes.running.local_code import LocalCode
from linernotes.running.verdicts import Kept, VerdictCache, digest_of, installation
from linernotes.snippets.collect import collect

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = """\
---
files:
- data.csv
---
# A page

## First

```{ .python #first }
import own
x = 1
```

## Second

```{ .python #second .continue }
print(x)
```

```{ .text .output }
1
```

## Third

```{ .python #third }
print(3)
```
"""


@pytest.fixture
def digests(site: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, str]]:
    site.write("docs/page.md", PAGE)
    site.write("docs/data.csv", "1\n")
    site.write("docs/other.csv", "1\n")
    site.write("tests/cassettes/page/second.yaml", "version: 1\n")
    site.write("lib/own/__init__.py", "")
    site.write("lib/own/inner.py", "a = 1\n")
    monkeypatch.syspath_prepend(str(site.root / "lib"))

    def digests() -> dict[str, str]:
        project, local = find_project(Path.cwd()), LocalCode()
        return {
            one.snippet.id: digest_of(project, installation(), local, one)
            for page in collect(project)
            for one in page.examples
        }

    return digests


def edit(name: str, old: str, new: str) -> None:
    path = Path(name)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


HARMLESS = {
    "a blank line above": ("# A page\n", "# A page\n\n\n"),
    "a sentence": ("## Second\n", "## Second\n\nMore words.\n"),
    "a comment between fences": ("## Second\n", "<!-- a note -->\n\n## Second\n"),
    "another title of the page": ("# A page", "# Another"),
    "a fence with another language": ("## Second\n", "```js\n1\n```\n\n## Second\n"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_around_a_snippet_changes_no_verdict(digests: Any, name: str) -> None:
    before = digests()
    edit("docs/page.md", *HARMLESS[name])
    assert digests() == before


def test_a_section_that_moves_changes_no_verdict(digests: Any) -> None:
    before = digests()
    third = PAGE[PAGE.index("## Third") :]
    moved = PAGE.replace(third, "").replace("## First", f"{third}\n## First")
    Path("docs/page.md").write_text(moved)
    assert digests() == before


INGREDIENTS = {
    "its code": ("docs/page.md", "print(3)", "print(4)", {"third"}),
    "a comment in its code": ("docs/page.md", "print(3)", "print(3)  # three", {"third"}),
    "the code of its chain": ("docs/page.md", "x = 1", "x = 2", {"first", "second"}),
    "its output": ("docs/page.md", "output }\n1", "output }\n2", {"second"}),
    "what it should raise": ("docs/page.md", "#third", '#third raises="ValueError"', {"third"}),
    "its time-out": ("docs/page.md", "#third", '#third timeout="3"', {"third"}),
    "that it isn't run": ("docs/page.md", "#third", '#third .norun reason="no"', {"third"}),
    "its cassette": ("tests/cassettes/page/second.yaml", "1", "2", {"second"}),
    "a declared file": ("docs/data.csv", "1", "2", {"first", "second", "third"}),
    "which file it is": ("docs/page.md", "data.csv", "other.csv", {"first", "second", "third"}),
    "the project's own code": ("lib/own/inner.py", "1", "1000", {"first", "second"}),
}


@pytest.mark.parametrize("name", INGREDIENTS)
def test_what_goes_into_a_verdict_changes_it(digests: Any, name: str) -> None:
    file, old, new, changed = INGREDIENTS[name]
    before = digests()
    edit(file, old, new)
    after = digests()
    assert {one for one in before if before[one] != after[one]} == changed


def test_the_settings_of_the_project_go_into_every_verdict(site: Any, digests: Any) -> None:
    before = digests()
    for setting in ("timeout = 3", 'environment = { A = "1" }'):
        site.write("pyproject.toml", f"[tool.linernotes]\n{setting}\n")
        after = digests()
        assert all(before[one] != after[one] for one in before)


def test_python_packages_and_the_harness_go_into_every_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = installation()
    packages = tmp_path / "site-packages"
    (packages / "anthropic-9.9.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(packages))
    with_package = installation()
    monkeypatch.setattr(linernotes, "__version__", "9.9")
    with_version = installation()
    monkeypatch.setattr(sys, "version", "3.99")
    assert len({before, with_package, with_version, installation()}) == 4


def test_verdicts_are_kept_and_forgotten(tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path)
    cache.put("a", Kept("digest", "passed", "live"))
    cache.put("b", Kept("digest", "passed", None))
    cache.save()
    again = VerdictCache(tmp_path)
    assert again.get("a", "digest") == Kept("digest", "passed", "live")
    assert again.get("a", "another") is None
    assert VerdictCache(tmp_path, trusted=False).get("a", "digest") is None
    again.keep_only(["b"])
    again.save()
    assert VerdictCache(tmp_path).get("a", "digest") is None
    assert VerdictCache(tmp_path).get("b", "digest") is not None


CORRUPT = [b"", b"{", b"[]", b"\xff\xfe", b"7", b'{"format": 1}', b'{"format": 99, "kept": {}}']
CORRUPT += [b'{"format": 1, "kept": []}', b'{"format": 1, "kept": {"a": 1}}', b"[" * 100_000]
CORRUPT += [b'{"format": 1, "kept": {"a": ["digest"]}}']


@pytest.mark.parametrize("content", CORRUPT, ids=range(len(CORRUPT)))
def test_a_cache_that_is_corrupt_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "verdicts.json").write_bytes(content)
    cache = VerdictCache(tmp_path)
    assert cache.get("a", "digest") is None
    cache.put("a", Kept("digest", "passed", None))
    cache.save()
    assert VerdictCache(tmp_path).get("a", "digest") is not None
