from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Files can't look at the header in which a client says what it accepts; a server can.
ONLY_A_SERVER_CAN = {"content-negotiation"}
# A guide with many examples is over 50,000 characters of HTML: a warning that we live with.
MAY_WARN = {"page-size-html"}
# Of more than two hundred addresses; `linernotes check --site` looks at all of them.
SAMPLE = "60"


def test_the_site_passes_the_agent_friendly_documentation_checks(afdocs: Path, address: str):
    call = [
        *(
            "node",
            str(afdocs),
            "check",
            address,
            "--canonical-origin",
            "https://linernotes.example/",
        ),
        *("--format", "json", "--quiet", "--sampling", "deterministic", "--max-links", SAMPLE),
        *("--request-delay", "0", "--max-concurrency", "8"),
    ]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    results = json.loads(done.stdout)["results"]
    assert len(results) >= 28
    assert sum(one["status"] == "pass" for one in results) >= 24
    wrong = {
        one["id"]: (one["message"], _where(one))
        for one in results
        if one["status"] not in ("pass", "skip")
        and one["id"] not in ONLY_A_SERVER_CAN
        and not (one["status"] == "warn" and one["id"] in MAY_WARN)
    }
    assert not wrong, json.dumps(wrong, indent=2)


def _where(result: dict[str, object]) -> list[object]:
    """Return what a check says of the first pages that it isn't content with."""
    details = result.get("details")
    lists = (
        [one for one in details.values() if isinstance(one, list)]
        if isinstance(details, dict)
        else []
    )
    return [
        item
        for found in lists
        for item in found
        if not isinstance(item, dict) or item.get("status") in ("warn", "fail")
    ][:5]
