"""Recording again what didn't change changes nothing: not a byte, not the date, not the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from writing_pages import CALL, named

from linernotes.recording import record as recording

if TYPE_CHECKING:
    from conftest import Site

TOGETHER = """
import asyncio

from anthropic import AsyncAnthropic

client = AsyncAnthropic()


async def ask(letter: str) -> str:
    message = await client.messages.create(
        model="claude-sonnet-5-5", max_tokens=64, messages=[{"role": "user", "content": letter}]
    )
    return f"{letter}: {message.content[0].text}"


print(*await asyncio.gather(*(ask(letter) for letter in "dbace")), sep="\\n")
"""

IN_THREADS = """
from concurrent.futures import ThreadPoolExecutor

from anthropic import Anthropic

client = Anthropic()


def ask(letter: str) -> int:
    return client.messages.create(
        model="claude-sonnet-5-5", max_tokens=64, messages=[{"role": "user", "content": letter}]
    ).usage.output_tokens


with ThreadPoolExecutor(5) as threads:
    list(threads.map(ask, "dbace"))
"""

DATED = """
from datetime import datetime

from anthropic import Anthropic

now = datetime.now().strftime("%Y-%m-%d at %H")
Anthropic().messages.create(
    model="claude-sonnet-5-5", max_tokens=64, messages=[{"role": "user", "content": now}]
)
"""


def test_recording_again_changes_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    snippets = {"plain": CALL, "together": TOGETHER, "in-threads": IN_THREADS, "dated": DATED}
    site.page(*(named(source, name) for name, source in snippets.items()))
    with monkeypatch.context() as long_ago:
        long_ago.setattr(recording, "now", lambda: "2025-12-24T08:00:00Z")
        assert site.json("record", "--simulate", "--yes")["findings"] == []
    old = {path: path.read_bytes() for path in site.root.rglob("tests/**/*.yaml")}
    assert len(old) == 4
    assert "2025-12-24 at 08" in site.cassette("page/dated").read_text()
    for _ in range(2):
        report = site.json("record", "--simulate", "--yes")
        assert (report["recorded"], report["unchanged"]) == ([], 4)
        assert {path: path.read_bytes() for path in old} == old
    assert site.json("verify")["summary"]["passed"] == 4


@pytest.mark.parametrize("source", [TOGETHER, IN_THREADS], ids=["tasks", "threads"])
def test_requests_that_are_sent_together_are_recorded_in_one_order(site: Site, source: str) -> None:
    site.page(named(source, "together"))
    cassette = site.cassette("page/together")
    orders = set()
    for _ in range(3):
        cassette.unlink(missing_ok=True)
        assert site.json("record", "--simulate")["findings"] == []
        lines = cassette.read_text().splitlines()
        orders.add("".join(line[-1] for line in lines if line.startswith(" " * 10 + "content: ")))
    assert orders == {"abcde"}


def test_replies_that_wait_for_their_request_find_it_in_any_order(site: Site) -> None:
    site.page(named(TOGETHER, "together"))
    replies = "".join(f"- {{when: {letter}, text: {letter}!}}\n" for letter in "abcde")
    site.write("tests/cassettes/page/together.replies.yaml", f"replies:\n{replies}")
    assert site.json("record", "--simulate")["findings"] == []
    text = site.cassette("page/together").read_text()
    said = [line.split()[-1] for line in text.splitlines() if " text: " in line]
    assert said == ["a!", "b!", "c!", "d!", "e!"]


def test_tasks_take_replies_in_the_order_in_which_they_ask(site: Site) -> None:
    site.page(named(TOGETHER, "together"))
    replies = "".join(f"- text: to {letter}\n" for letter in "dbace")
    site.write("tests/cassettes/page/together.replies.yaml", f"replies:\n{replies}")
    for _ in range(2):
        site.cassette("page/together").unlink(missing_ok=True)
        assert site.json("record", "--simulate")["findings"] == []
        text = site.cassette("page/together").read_text()
        said = [line.split()[-1] for line in text.splitlines() if " text: " in line]
        assert said == list("abcde")


def test_a_change_gets_the_date_of_the_day(site: Site) -> None:
    site.page(named(CALL, "plain"))
    site.json("record", "--simulate")
    cassette = site.cassette("page/plain")
    cassette.write_text(cassette.read_text().replace('recorded_at: "20', 'recorded_at: "19'))
    site.page(named(CALL.replace("300", "301"), "plain"))
    assert site.json("record", "--simulate")["recorded"] == ["tests/cassettes/page/plain.yaml"]
    text = cassette.read_text()
    assert 'recorded_at: "20' in text
    assert "max_tokens: 301" in text


def test_a_reply_that_nobody_took_is_told_with_its_line(site: Site) -> None:
    site.page(named(CALL, "plain"))
    script = site.write(
        "tests/cassettes/page/plain.replies.yaml", "replies:\n- text: A\n- text: B\n"
    )
    [finding] = site.json("record", "--simulate")["findings"]
    assert (finding["code"], finding["line"]) == ("replies-unused", 3)
    assert finding["page"] == "tests/cassettes/page/plain.replies.yaml"
    script.write_text("replies:\n- tool_calls: [{name: f}]\n")
    result = site.json("record", "--simulate")
    mismatch = next(one for one in result["findings"] if one["code"] == "replies-mismatch")
    assert (mismatch["severity"], mismatch["line"]) == ("error", 2)
    script.write_text("replies:\n- txet: A\n")
    [finding] = site.json("record", "--simulate")["findings"]
    assert (finding["code"], finding["line"]) == ("replies-form", 2)


WITH_VCR = """
import requests
import vcr
from anthropic import Anthropic


def ask() -> None:
    Anthropic().messages.create(
        model="claude-sonnet-5-5", max_tokens=64, messages=[{"role": "user", "content": "Hi"}]
    )


requests.get("https://api.anthropic.com/v1/models", headers={"x-api-key": "k"})
with vcr.use_cassette("own.yaml"):
    ask()
"""


def test_a_snippet_may_use_vcrpy_itself_whatever_has_imported_it_before(site: Site) -> None:
    site.page(named(WITH_VCR, "with-vcr"))
    report = site.json("record", "--simulate")
    assert (report["findings"], report["requests"]) == ([], 2)
    assert site.json("verify", "--no-cache")["summary"]["passed"] == 1
