"""The programs of the recipes, and a Claude for them to talk to."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linernotes.standin.app import create_app, script_findings
from linernotes.standin.replies import load_replies
from linernotes.standin.server import serve

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import ModuleType

ROOT = Path(__file__).parents[2]


def program(page: str, snippet: str) -> ModuleType:
    """Import the module that is made of a recipe's program."""
    path = ROOT / "snippets/recipes" / page / f"{snippet}.py"
    name = f"recipe_{page}_{snippet}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def claude(*replies: dict[str, Any]) -> Generator[dict[str, Any]]:
    """Serve a stand-in that gives these replies; yield the options of a client for it.

    Each reply has to have been asked for when the block ends.
    """
    script, findings = load_replies(json.dumps({"replies": replies}), "the replies")
    assert findings == ()
    app = create_app(script, today=dt.date(2026, 11, 21))
    with serve(app) as url:
        yield {"base_url": url, "api_key": "sk-ant-test", "max_retries": 0}
    assert script_findings(app) == ()
