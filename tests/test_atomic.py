from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linernotes.atomic import write_atomically


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@given(text=st.text(st.characters(exclude_categories=("Cs",))))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_file_holds_just_the_text_with_the_line_ends_it_has(tmp_path: Path, text: str):
    write_atomically(tmp_path / "file", text)

    assert (tmp_path / "file").read_bytes() == text.encode()


def test_directories_are_made(tmp_path: Path):
    write_atomically(tmp_path / "a/b/file", "text")

    assert (tmp_path / "a/b/file").read_text() == "text"


def test_a_new_file_has_the_permissions_that_the_user_gives_files(tmp_path: Path):
    code = (
        "import os, sys; from pathlib import Path; from linernotes.atomic import write_atomically;"
        "os.umask(0o027); write_atomically(Path(sys.argv[1]), 'text')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "file")], check=True)

    assert mode(tmp_path / "file") == 0o640


def test_a_file_keeps_its_permissions(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("old")
    file.chmod(0o604)

    write_atomically(file, "new")

    assert (file.read_text(), mode(file)) == ("new", 0o604)


def test_a_link_stays_a_link(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file").write_text("old")
    (tmp_path / "link").symlink_to("real/file")

    write_atomically(tmp_path / "link", "new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real/file").read_text() == "new"
    assert names(tmp_path / "real") == ["file"]


def test_what_fails_changes_nothing_and_leaves_nothing_behind(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("old")
    (tmp_path / "directory").mkdir()

    with pytest.raises(UnicodeEncodeError):
        write_atomically(file, "\ud800")
    with pytest.raises(OSError, match=r"[Dd]irectory"):
        write_atomically(tmp_path / "directory", "new")
    with pytest.raises(OSError, match=r"[Dd]irectory|exists"):
        write_atomically(file / "below", "new")

    assert file.read_text() == "old"
    assert names(tmp_path) == ["directory", "file"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "file"
    file.write_text("old")
    monkeypatch.setattr(os, "fsync", interrupted)

    with pytest.raises(KeyboardInterrupt):
        write_atomically(file, "new")

    assert file.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_readers_meet_whole_files_only(tmp_path: Path):
    file = tmp_path / "file"
    texts = ["a" * 100_000, "b" * 50_000]
    write_atomically(file, texts[0])
    done = threading.Event()
    seen = set()

    def look() -> None:
        while not done.is_set():
            seen.add(file.read_text())

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(50):
        write_atomically(file, texts[number % 2])
    done.set()
    reader.join()

    assert seen <= set(texts)


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path):
    write_atomically(tmp_path / ("n" * 255), "text")

    assert names(tmp_path) == ["n" * 255]
