"""The Files API: what was uploaded, and what tools made.

Of an upload only the description is kept: nobody can download it again, so that nothing needs
its bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import mimetypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linernotes.standin.errors import ApiError, unsourced
from linernotes.standin.pages import limit_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.datastructures import QueryParams

    from linernotes.standin.multipart import Part

CREATED = dt.datetime(2026, 10, 21, tzinfo=dt.timezone.utc)
"""A placeholder, without a clock: the same uploads get the same answers."""

SHORTEST_LIFE, LONGEST_LIFE = 3_600, 7_776_000
"""Seconds. SDK: types/file_upload_params.py."""

LONGEST_NAME = 255
"""Characters. Docs: build-with-claude/files, August 2026."""

MOST_IDS = 100
"""SDK: types/file_list_params.py."""

MADE = b"The Linernotes stand-in made this file: no code was run.\n"
_OUTPUTS = {"code_execution_output", "bash_code_execution_output"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A form that was checked: what becomes of it, and the digest that its id is made from."""

    filename: str
    mime_type: str
    size: int
    expires_in: int | None
    digest: bytes


@dataclass(slots=True)
class Files:
    """The files of one run. Each method raises ApiError for what the API refuses."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    used: bool = False

    def keep(self, id_: str, upload: Upload) -> dict[str, Any]:
        """Keep an upload; return its metadata."""
        self.used = True
        life = upload.expires_in
        expires = None if life is None else CREATED + dt.timedelta(seconds=life)
        self.kept[id_] = _metadata(id_, upload.filename, upload.mime_type, upload.size) | {
            "expires_at": expires and _written(expires)
        }
        return self.kept[id_]

    def keep_outputs(self, content: Sequence[Mapping[str, Any]]) -> None:
        """Keep the files that tools are said to have made, in the content blocks of an answer."""
        for id_ in _made_in(content):
            made = _metadata(id_, "output.txt", "text/plain", len(MADE))
            self.kept.setdefault(id_, made | {"downloadable": True, "expires_at": None})

    def check_known(self, body: Mapping[str, Any]) -> None:
        """Refuse a Messages request that names a file which isn't there.

        In a run that uploads nothing, ids are of files from before it, and are taken.
        """
        if self.used:
            for id_ in _asked_for(body["messages"]):
                self.metadata(id_)

    def metadata(self, id_: str) -> dict[str, Any]:
        """Return what is known of a file."""
        if id_ not in self.kept:
            raise ApiError(404, unsourced(f"File not found: {id_}"))
        return self.kept[id_]

    def content(self, id_: str) -> bytes:
        """Return the bytes of a file that a tool made. SDK: types/file_not_downloadable_error.py."""
        if not self.metadata(id_)["downloadable"]:
            raise ApiError(
                400,
                unsourced(f"File {id_} is not downloadable."),
                error_code="file_not_downloadable",
            )
        return MADE

    def delete(self, id_: str) -> dict[str, Any]:
        """Forget a file."""
        self.metadata(id_)
        del self.kept[id_]
        return {"id": id_, "type": "file_deleted"}

    def page(self, query: QueryParams) -> dict[str, Any]:
        """Return a page of the files, newest first, or those of `ids` in one page."""
        newest = list(reversed(self.kept.values()))
        # The SDK writes lists with brackets. SDK: _client.py, `qs`.
        ids = {*query.getlist("ids[]"), *query.getlist("ids")}
        if ids:
            if "page" in query or "limit" in query:
                raise ApiError(400, unsourced("ids: cannot be combined with page or limit"))
            if len(ids) > MOST_IDS:
                raise ApiError(400, f"ids: List should have at most {MOST_IDS} items")
            return {"data": [file for file in newest if file["id"] in ids], "next_page": None}
        limit, start = limit_of(query), _start(newest, query.get("page"))
        left = newest[start:]
        next_page = f"page_{left[limit]['id']}" if len(left) > limit else None
        return {"data": left[:limit], "next_page": next_page}


def checked_upload(parts: Sequence[Part]) -> Upload:
    """Return what a form uploads. Raises ApiError 400."""
    fields = {part.name: part for part in parts}
    file = fields.get("file")
    if file is None:
        raise ApiError(400, "file: Field required")
    mime_type = file.mime_type or "application/octet-stream"
    # SDK, types/file_upload_params.py: of a path only the last component is kept.
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    name = name or f"unnamed{mimetypes.guess_extension(mime_type) or ''}"
    if len(name) > LONGEST_NAME:
        raise ApiError(400, unsourced(f"file: the name has more than {LONGEST_NAME} characters"))
    life = fields.get("expires_in_seconds")
    digest = hashlib.sha256(repr((name, mime_type, life and life.content)).encode())
    digest.update(file.content)
    return Upload(name, mime_type, len(file.content), _life(life), digest.digest())


def _life(part: Part | None) -> int | None:
    if part is None:
        return None
    written = part.content.decode("ascii", "replace")
    if not written.isdecimal():
        raise ApiError(400, "expires_in_seconds: Input should be a valid integer")
    if not SHORTEST_LIFE <= int(written) <= LONGEST_LIFE:
        raise ApiError(
            400, f"expires_in_seconds: should be between {SHORTEST_LIFE} and {LONGEST_LIFE}"
        )
    return int(written)


def _start(files: Sequence[Mapping[str, Any]], page: str | None) -> int:
    ids = [f"page_{file['id']}" for file in files]
    if page is None:
        return 0
    if page not in ids:
        raise ApiError(400, unsourced("page: not a page that this list has given"))
    return ids.index(page)


def _asked_for(value: object) -> Iterator[str]:
    """Yield the ids of files that blocks of a request name. SDK: types/file_*_source_param.py."""
    if isinstance(value, dict):
        if value.get("type") in ("file", "container_upload") and "file_id" in value:
            yield value["file_id"]
        for name, inner in value.items():
            if name != "input":  # A tool's own.
                yield from _asked_for(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _asked_for(inner)


def _made_in(value: object) -> Iterator[str]:
    """Yield the ids of the files in the results of code execution."""
    if isinstance(value, dict):
        if value.get("type") in _OUTPUTS and isinstance(value.get("file_id"), str):
            yield value["file_id"]
        for inner in value.values():
            yield from _made_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _made_in(inner)


def _metadata(id_: str, filename: str, mime_type: str, size: int) -> dict[str, Any]:
    return {
        "type": "file",
        "id": id_,
        "size_bytes": size,
        "created_at": _written(CREATED),
        "filename": filename,
        "mime_type": mime_type,
        "downloadable": False,
    }


def _written(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
