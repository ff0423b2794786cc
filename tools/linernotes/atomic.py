"""Writing files so that a reader, or Ctrl-C, never meets half of one."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, wholly or not at all; make the directories it needs.

    The text goes to a temporary file beside it that then takes its name (rename(2) is atomic on
    one file system). An existing file keeps its permissions, and a symbolic link stays one: what
    it points to is written. Raises OSError, or UnicodeEncodeError for a lone surrogate.
    """
    data = text.encode()
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    # With a dot in front, what looks at the directory meanwhile (MkDocs, pytest) leaves it alone.
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
