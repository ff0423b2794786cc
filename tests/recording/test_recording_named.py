"""Recording one snippet by its name: if that leaves no recording, the command says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from writing_pages import CALL, named

if TYPE_CHECKING:
    from conftest import Site

SILENT = "from anthropic import Anthropic\n\nclient = Anthropic()\nprint(client.max_retries)\n"


def fence(source: str, attributes: str) -> str:
    return f"``` {{ .python {attributes} }}\n{source.strip()}\n```\n"


@pytest.mark.parametrize(
    ("source", "more", "why"),
    [
        (SILENT, "", "made no HTTP request"),
        ("print(6 * 7)", "", "imports no HTTP client"),
        (CALL, ' .norun reason="costs"', "`.norun` keeps it"),
        (CALL, ' .skip reason="costs"', "`.skip` keeps it"),
    ],
)
def test_a_named_snippet_without_a_recording_is_told_why(
    site: Site, source: str, more: str, why: str
) -> None:
    site.page(fence(source, f"#a{more}"))
    result = site.run("record", "--simulate", "docs/page.md#a")
    assert result.exit_code == 1
    assert why in result.output
    assert "[nothing-recorded]" in result.output
    assert "hint: " in result.output
    assert site.run("record", "--simulate", "docs/page.md").exit_code == 0
    assert site.run("record", "--simulate").exit_code == 0


def test_a_named_snippet_that_is_recorded_already_is_fine(site: Site) -> None:
    site.page(named(CALL, "a"))
    for _ in range(2):
        assert site.run("record", "--simulate", "docs/page.md#a").exit_code == 0
        assert site.run("record", "--simulate", "--missing", "docs/page.md#a").exit_code == 0


def test_a_script_that_is_not_where_it_is_looked_for_is_told(site: Site) -> None:
    site.page(named(CALL, "trace"))
    script = site.write(
        "tests/cassettes/page/trace.replies.yaml", "replies: [{text: From the script.}]\n"
    )
    [finding] = site.json("record", "--simulate")["findings"]
    assert (finding["code"], finding["page"]) == (
        "replies-misnamed",
        "tests/cassettes/page/trace.replies.yaml",
    )
    assert finding["hint"] == "rename it to tests/cassettes/page/trace_example.replies.yaml"
    script.rename(script.with_name("trace_example.replies.yaml"))
    assert site.json("record", "--simulate")["findings"] == []
    assert "From the script." in site.cassette("page/trace_example").read_text()


def test_a_failure_is_told_without_the_credentials_that_it_shows(site: Site) -> None:
    token = "correct-horse-battery-staple-7"
    site.write("pyproject.toml", f'[tool.linernotes.environment]\nMY_TOKEN = "{token}"\n')
    site.page(named(f"{CALL}\nimport os\n\nraise ValueError(os.environ['MY_TOKEN'])", "a"))
    for form in ([], ["--json"]):
        result = site.run("record", "--simulate", "docs/page.md#a", *form)
        assert result.exit_code == 1
        assert "ValueError: [credential]" in result.output
        assert token[:8] not in result.output
