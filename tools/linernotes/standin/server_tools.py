"""Tools that run on the server: a call, a plausible result, and what the answer makes of it.

Shapes as recorded; docs: agents-and-tools/tool-use/web-search-tool, web-fetch-tool and
code-execution-tool, August 2026. Nothing is searched, fetched or run: the results say so.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linernotes.standin.identity import Identity

_URL = re.compile(r"https?://[^\s<>\"')\]]+")
_QUERY_WORDS = 8
_OLDEST_CODE_EXECUTION = "code_execution_20250522"

NO_TIME = "2026-10-21T00:00:00Z"
"""In place of times, so that the same requests get the same bytes."""

PAGE_TEXT = "A simulated page: the Linernotes stand-in fetches nothing."


@dataclass(frozen=True, slots=True)
class Served:
    """The blocks of a server tool's call, its requests by kind, and the container it ran in."""

    blocks: tuple[dict[str, Any], ...]
    requests: Mapping[str, int] = field(default_factory=dict)
    container: Mapping[str, str] | None = None

    @property
    def usage(self) -> dict[str, Any]:
        """What `usage` has more."""
        none = {"web_search_requests": 0, "web_fetch_requests": 0}
        return {"server_tool_use": none | dict(self.requests)}


def served(tool: Mapping[str, Any], asked: str, identity: Identity) -> Served | None:
    """Return what a call of a server tool leaves in the answer; None if there is nothing to do.

    `asked` is the text of the last message. Web fetch takes only a URL that stands in it.
    """
    kind = tool.get("type") or ""
    if kind.startswith("web_search_"):
        return _search(tool, asked, identity)
    if kind.startswith("web_fetch_"):
        url = _URL.search(asked)
        return _fetch(tool, url[0].rstrip(".,"), identity) if url else None
    if kind.startswith("code_execution_"):
        return _execute(kind, identity)
    return None


def _search(tool: Mapping[str, Any], asked: str, identity: Identity) -> Served:
    query = " ".join((*asked.split()[:_QUERY_WORDS], *_place(tool))) or "example"
    use = _use("web_search", {"query": query}, identity)
    problem = {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}
    if _is_used_up(tool):
        blocks = (use, _result("web_search_tool_result", use, problem), _text("No search."))
        return Served(blocks, {"web_search_requests": 0})
    host = next(filter(lambda site: _may_go_to(tool, site), _sites(tool)), None)
    if host is None:
        blocks = (use, _result("web_search_tool_result", use, []), _text("Nothing was found."))
        return Served(blocks, {"web_search_requests": 1})
    found = {"title": "Example Domain", "url": f"https://{host}/"}
    content = [
        {
            "type": "web_search_result",
            **found,
            "encrypted_content": _opaque(identity, "content"),
            "page_age": None,
        }
    ]
    citation = {
        "type": "web_search_result_location",
        **found,
        "cited_text": PAGE_TEXT,
        "encrypted_index": _opaque(identity, "index"),
    }
    text = {"type": "text", "text": PAGE_TEXT, "citations": [citation]}
    blocks = (use, _result("web_search_tool_result", use, content), text)
    return Served(blocks, {"web_search_requests": 1})


def _fetch(tool: Mapping[str, Any], url: str, identity: Identity) -> Served:
    use = _use("web_fetch", {"url": url}, identity)
    allowed = _may_go_to(tool, urlsplit(url).hostname or "")
    if not allowed or _is_used_up(tool):
        code = "max_uses_exceeded" if allowed else "url_not_allowed"
        problem = {"type": "web_fetch_tool_result_error", "error_code": code}
        blocks = (use, _result("web_fetch_tool_result", use, problem), _text("Nothing was read."))
        return Served(blocks, {"web_fetch_requests": 0})
    source = {"type": "text", "media_type": "text/plain", "data": PAGE_TEXT}
    content = {
        "type": "web_fetch_result",
        "url": url,
        "content": {"type": "document", "source": source, "title": "Example Domain"},
        "retrieved_at": NO_TIME,
    }
    blocks = (
        use,
        _result("web_fetch_tool_result", use, content),
        _text(f"The page says: {PAGE_TEXT}"),
    )
    return Served(blocks, {"web_fetch_requests": 1})


def _is_used_up(tool: Mapping[str, Any]) -> bool:
    """Return whether even one use is too many."""
    most = tool.get("max_uses")
    return most is not None and most < 1


def _place(tool: Mapping[str, Any]) -> Sequence[str]:
    """Return the words that a user's place adds to a query."""
    location = tool.get("user_location") or {}
    return [location[part] for part in ("city", "region", "country") if location.get(part)][:1]


def _sites(tool: Mapping[str, Any]) -> Sequence[str]:
    """Return the hosts that a result could be from: those asked for, or RFC 2606's examples."""
    return tool.get("allowed_domains") or ("example.com", "example.org", "example.net")


def _may_go_to(tool: Mapping[str, Any], host: str) -> bool:
    """Return whether a host is on the list of the allowed and not on that of the blocked.

    A domain stands for its subdomains too. Docs: agents-and-tools/tool-use/web-search-tool.
    """
    allowed = tool.get("allowed_domains")
    return (not allowed or _is_among(host, allowed)) and not _is_among(
        host, tool.get("blocked_domains") or ()
    )


def _is_among(host: str, domains: Sequence[str]) -> bool:
    names = [domain.partition("/")[0] for domain in domains]
    return any(f".{host.partition('/')[0]}".endswith(f".{name}") for name in names)


def _execute(kind: str, identity: Identity) -> Served:
    name, input_ = "bash_code_execution", {"command": "echo simulated"}
    if kind == _OLDEST_CODE_EXECUTION:
        name, input_ = "code_execution", {"code": "print('simulated')"}
    use = _use(name, input_, identity)
    content = {
        "type": f"{name}_result",
        "stdout": "simulated\n",
        "stderr": "",
        "return_code": 0,
        "content": [],
    }
    result = _result(f"{name}_tool_result", use, content)
    del result["caller"]  # Not on results of code execution.
    container = {"id": identity.id("container"), "expires_at": NO_TIME}
    return Served((use, result, _text("The code printed: simulated")), container=container)


def _use(name: str, input_: dict[str, str], identity: Identity) -> dict[str, Any]:
    return {
        "type": "server_tool_use",
        "id": identity.id("srvtoolu"),
        "name": name,
        "input": input_,
        "caller": {"type": "direct"},
    }


def _result(type_: str, use: Mapping[str, Any], content: object) -> dict[str, Any]:
    return {
        "type": type_,
        "tool_use_id": use["id"],
        "content": content,
        "caller": {"type": "direct"},
    }


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _opaque(identity: Identity, salt: str) -> str:
    return base64.b64encode(identity.id("stand_in", salt).encode()).decode()
