"""Which beta each beta-only field, tool and value needs.

What is in beta at all is read from the SDK's types (`requests.py`). Which header value it needs is
not in the types: it is here, with the source. What isn't in the table, such as `billing_policy`,
is let through with any beta, for want of a source.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MCP = ("mcp-client-2025-04-04", "mcp-client-2025-11-20", "mcp-client-2026-09-15")
_COMPUTER_2024 = ("computer-use-2024-10-22",)
_TOOL_CHANGES = ("mid-conversation-tool-changes-2026-07-01", "inline-tools-2026-09-15")

NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # SDK: README and examples/mcp_connector.py; docs: agents-and-tools/mcp-connector.
        "mcp_servers": _MCP,
        "mcp_toolset": _MCP[1:],
        "mcp_tool_use": _MCP,
        "mcp_tool_result": _MCP,
        # Docs: agents-and-tools/tool-use/computer-use-tool, August 2026.
        "bash_20241022": _COMPUTER_2024,
        "computer_20241022": _COMPUTER_2024,
        "text_editor_20241022": _COMPUTER_2024,
        "computer_20250124": ("computer-use-2025-01-24",),
        "computer_20251124": ("computer-use-2025-11-24",),
        # Docs: agents-and-tools/tool-use/advisor-tool.
        "advisor_20260301": ("advisor-tool-2026-03-01",),
        "advisor": ("advisor-tool-2026-03-01",),
        "advisor_tool_result": ("advisor-tool-2026-03-01",),
        # Docs: build-with-claude/context-editing, compaction. The header lists both edits.
        "context_management": ("context-management-2025-06-27", "compact-2026-01-12"),
        "compaction": ("compact-2026-01-12", "compact-2026-09-04"),
        # SDK: types/beta/beta_fallback_param.py, examples/fallbacks.py.
        "fallbacks": ("server-side-fallback-2026-06-01", "server-side-fallback-2026-07-01"),
        # SDK: types/beta/beta_fallback_credit_token_param.py.
        "fallback_credit_token": ("fallback-credit-2026-06-01", "fallback-credit-2026-07-01"),
        # SDK: lib/tools/_beta_runner.py, tools.md.
        "thread": ("message-threads-2026-08-12",),
        # Docs: build-with-claude/thinking, August 2026. SDK: types/beta/beta_message.py.
        "updates": ("thinking-display-updates-2026-08-18",),
        "block_binding": ("thinking-binding-controls-2026-08-01",),
        # SDK: types/anthropic_beta_param.py, where the values are named after what they allow.
        "task_budget": ("task-budgets-2026-03-13",),
        "clear_at": ("mid-conversation-system-clear-at-2026-08-21",),
        "tool_addition": _TOOL_CHANGES,
        "tool_removal": _TOOL_CHANGES,
    }
)
"""By a field's name or a value, the betas of which one is needed."""
