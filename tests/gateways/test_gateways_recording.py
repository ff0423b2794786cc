"""Recording through gateways: with their own clients, on pages as a reader finds them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from behind_gateways import NEEDS_NODE
from writing_pages import named

from linernotes.cassettes.store import read_cassette

if TYPE_CHECKING:
    from conftest import Site

pytestmark = NEEDS_NODE

SETTINGS = """
[tool.linernotes.environment]
ORQ_API_KEY = "placeholder-orq-key-for-replay"
PORTKEY_API_KEY = "placeholder-portkey-key-for-replay"

[tool.linernotes.gateways]
"api.orq.ai" = "orq"
"api.portkey.ai" = "portkey"
"""

PORTKEY = """
from portkey_ai import Portkey

portkey = Portkey(api_key="PORTKEY_API_KEY")
response = portkey.chat.completions.create(
    model="@anthropic/claude-sonnet-5-5",
    messages=[
        {"role": "system", "content": "You are a snarky assistant."},
        {"role": "user", "content": "How do I boil water?"},
    ],
    max_tokens=250,
)
for choice in response.choices or []:
    print(choice.message.content)
"""

PORTKEY_STREAM = """
from portkey_ai import Portkey

portkey = Portkey(api_key="PORTKEY_API_KEY")
for chunk in portkey.chat.completions.create(
    model="@anthropic/claude-sonnet-5-5",
    messages=[{"role": "user", "content": "Tell me a story"}],
    max_tokens=500,
    stream=True,
):
    for choice in chunk.choices or []:
        print(choice.delta.content or "", end="")
"""

OPENAI = """
from openai import OpenAI

client = OpenAI(api_key="PORTKEY_API_KEY", base_url="https://api.portkey.ai/v1")
response = client.chat.completions.create(
    model="@anthropic/claude-sonnet-5-5",
    messages=[{"role": "user", "content": "Hi"}],
    max_tokens=250,
)
print(response.choices[0].message.content)
for chunk in client.chat.completions.create(
    model="@anthropic/claude-sonnet-5-5",
    messages=[{"role": "user", "content": "Hi"}],
    max_tokens=250,
    stream=True,
):
    print(chunk.choices[0].delta.content or "", end="")
"""

NATIVE = """
import os

from anthropic import Anthropic

client = Anthropic(
    api_key=os.environ["PORTKEY_API_KEY"],
    base_url="https://api.portkey.ai",
    default_headers={"x-portkey-api-key": os.environ["PORTKEY_API_KEY"]},
)
with client.messages.stream(
    model="@my-provider/claude-sonnet-5-5",
    max_tokens=250,
    messages=[{"role": "user", "content": "Hello, Claude"}],
) as stream:
    print(stream.get_final_text())
"""

REQUESTS = """
import requests

answer = requests.post(
    "https://api.portkey.ai/v1/messages",
    headers={"x-portkey-api-key": "any", "anthropic-version": "2026-10-21"},
    json={
        "model": "@anthropic/claude-sonnet-5-5",
        "max_tokens": 250,
        "messages": [{"role": "user", "content": "Hello"}],
    },
)
print(answer.json()["content"])
"""

AIOHTTP = """
import asyncio

import aiohttp


async def main() -> None:
    body = {
        "model": "@anthropic/claude-sonnet-5-5",
        "max_tokens": 250,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    async with aiohttp.ClientSession() as session:
        url = "https://api.portkey.ai/v1/chat/completions"
        async with session.post(url, json=body) as answer:
            print((await answer.json())["choices"])


asyncio.run(main())
"""

ORQ = """
import os

from openai import OpenAI

client = OpenAI(api_key=os.environ["ORQ_API_KEY"], base_url="https://api.orq.ai/v3/router")
response = client.responses.create(model="anthropic/claude-sonnet-5-5", input="Say hi")
print(response.output_text)
chat = client.chat.completions.create(
    model="anthropic/claude-sonnet-5-5", messages=[{"role": "user", "content": "Say hi"}]
)
print(chat.choices[0].message.content)
"""

FALLBACK = """
from portkey_ai import Portkey

targets = [
    {"provider": "@anthropic-eu", "override_params": {"model": "claude-opus-5-5"}},
    {"provider": "@anthropic-us", "override_params": {"model": "claude-sonnet-5-5"}},
]
portkey = Portkey(
    api_key="PORTKEY_API_KEY", config={"strategy": {"mode": "fallback"}, "targets": targets}
)
response = portkey.chat.completions.create(
    model="claude-opus-5-5", max_tokens=300, messages=[{"role": "user", "content": "Hello"}]
)
print(response.model)
"""

DROPPED = """
from openai import OpenAI

client = OpenAI(api_key="PORTKEY_API_KEY", base_url="https://api.portkey.ai/v1")
try:
    client.chat.completions.create(
        model="@anthropic/claude-sonnet-5-5",
        messages=[{"role": "user", "content": "Hi"}],
        max_tokens=250,
        response_format={"type": "json_object"},
    )
except Exception as problem:
    print("hidden")
"""


@pytest.mark.parametrize(
    ("source", "url", "sdk"),
    [
        (PORTKEY, "https://api.portkey.ai/v1/chat/completions", "portkey-ai"),
        (PORTKEY_STREAM, "https://api.portkey.ai/v1/chat/completions", "portkey-ai"),
        (OPENAI, "https://api.portkey.ai/v1/chat/completions", "openai"),
        (NATIVE, "https://api.portkey.ai/v1/messages", "anthropic"),
        (REQUESTS, "https://api.portkey.ai/v1/messages", "anthropic"),
        (AIOHTTP, "https://api.portkey.ai/v1/chat/completions", "anthropic"),
        (ORQ, "https://api.orq.ai/v3/router/responses", "openai"),
    ],
    ids=["portkey", "portkey-stream", "openai", "native", "requests", "aiohttp", "orq"],
)
def test_a_gateways_own_client_records_and_verifies(
    site: Site, monkeypatch: pytest.MonkeyPatch, source: str, url: str, sdk: str
) -> None:
    site.write("pyproject.toml", SETTINGS)
    site.page(named(source, "call"))

    recorded = site.run("record", "--simulate", "--yes")
    assert recorded.exit_code == 0, recorded.output
    cassette = read_cassette(site.cassette("page/call"), "call")
    assert cassette is not None
    assert cassette.interactions[0].request.url == url
    assert {one.response.status for one in cassette.interactions} == {200}
    assert cassette.provenance is not None
    assert cassette.provenance.source == "simulated"
    note = cassette.provenance.note or ""
    assert re.match(r"@portkey-ai/gateway [\d.]+ in front of the stand-in; ", note)
    assert (cassette.provenance.sdk or "").startswith(f"{sdk} ")

    monkeypatch.setenv("PATH", "")  # Replaying needs no Node.js.
    [verdict] = site.json("verify")["snippets"]
    assert (verdict["verdict"], verdict["provenance"]) == ("passed", "simulated")


def test_recording_again_changes_nothing(site: Site) -> None:
    site.write("pyproject.toml", SETTINGS)
    site.page(named(OPENAI, "call"))
    site.run("record", "--simulate", "--yes")
    before = site.cassette("page/call").read_bytes()

    assert site.json("record", "--simulate", "--yes")["recorded"] == []
    assert site.cassette("page/call").read_bytes() == before


SPLIT = """
from portkey_ai import Portkey

targets = [{"provider": "@anthropic", "override_params": {"model": model}, "weight": 0.5}
    for model in ("claude-haiku-5-5", "claude-sonnet-5-5")]
portkey = Portkey(
    api_key="PORTKEY_API_KEY", config={"strategy": {"mode": "loadbalance"}, "targets": targets}
)
for number in (*range(8), 1, 1, 1, 1):
    portkey.chat.completions.create(
        model="claude-haiku-5-5", max_tokens=9, messages=[{"role": "user", "content": str(number)}]
    )
"""


def test_traffic_that_is_split_by_chance_is_split_the_same_way_each_time(site: Site) -> None:
    site.write("pyproject.toml", SETTINGS)
    site.page(named(SPLIT, "split"))
    texts = set()
    for _ in range(2):
        site.cassette("page/split").unlink(missing_ok=True)
        assert site.json("record", "--simulate")["findings"] == []
        texts.add(re.sub("recorded_at: .*", "", site.cassette("page/split").read_text()))
    [text] = texts
    answered = re.findall(r"^        model: (\S+)\n        provider", text, re.MULTILINE)
    assert len(answered) == 12
    assert len(set(answered[:8])) == 2, "other requests, another draw"
    assert len(set(answered[8:])) == 2, "the same request again, another draw"


def test_a_configuration_falls_back_to_the_next_target(site: Site) -> None:
    site.write("pyproject.toml", SETTINGS)
    site.page(named(FALLBACK, "call"))
    replies = "replies:\n  - error: {status: 529}\n  - text: Hello from the second.\n"
    site.write("tests/cassettes/page/call.replies.yaml", replies)

    assert site.run("record", "--simulate", "--yes").exit_code == 0
    assert "Hello from the second." in site.cassette("page/call").read_text("utf-8")


def test_what_the_gateway_would_drop_is_not_recorded_even_if_the_snippet_hides_it(
    site: Site,
) -> None:
    site.write("pyproject.toml", SETTINGS)
    site.page(named(DROPPED, "call"))

    [finding] = site.json("record", "--simulate", "--yes")["findings"]
    assert finding["code"] == "gateway"
    assert "drops `response_format`" in finding["message"]
    assert not site.cassette("page/call").exists()


def test_without_the_setting_the_host_is_the_stand_ins(site: Site) -> None:
    site.page(named(REQUESTS.replace('json()["content"]', "status_code"), "call"))

    assert site.run("record", "--simulate", "--yes").exit_code == 0
    cassette = read_cassette(site.cassette("page/call"), "call")
    assert cassette is not None
    assert cassette.interactions[0].response.status == 401


def test_without_node_the_finding_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write("pyproject.toml", SETTINGS)
    site.page(named(REQUESTS, "call"))
    monkeypatch.setenv("PATH", "")

    [finding] = site.json("record", "--simulate", "--yes")["findings"]
    assert "Node.js 20 or later is needed" in finding["message"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('"api.portkey.ai" = "portky"', '"portkey" or "orq"'),
        ('"https://api.portkey.ai" = "portkey"', "the host alone"),
    ],
)
def test_a_gateway_that_is_not_known_is_a_finding(site: Site, setting: str, said: str) -> None:
    site.write("pyproject.toml", f"[tool.linernotes.gateways]\n{setting}\n")
    site.page(named(REQUESTS, "call"))

    result = site.run("verify")
    assert result.exit_code == 2
    assert said in result.output
