"""The versions of the API that a request may name in `anthropic-version`."""

from __future__ import annotations

OLD = "2023-06-01"
NEW = "2026-10-21"
VERSIONS = (OLD, NEW)
"""Versions that Messages can be called with. Docs: api/versioning, October 2026.

2023-01-01 is on that page too; it is older than the Messages endpoint.
"""


def version_problem(version: str | None) -> str | None:
    """Return the API's answer to a version that can't be used, None for one that can."""
    if not version:
        return "anthropic-version: header is required"
    if version not in VERSIONS:
        return f'anthropic-version: "{version}" is not a valid version'
    return None
