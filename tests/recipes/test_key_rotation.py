"""Keys that change under a running service: no request is lost, and no key is logged."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import pytest
from programs import Answer, async_client, failure, message, program, sync_client

if TYPE_CHECKING:
    from pathlib import Path

recipe = program("key_rotation", "key_ring")
retire = program("key_rotation", "disable")

ASK: dict[str, Any] = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "Are you there?"}],
}


class Api:
    """Takes the keys in `valid`; remembers which it was shown."""

    def __init__(self, *valid: str) -> None:
        self.valid = set(valid)
        self.shown: list[str] = []

    def __call__(self, request: httpx2.Request) -> Answer:
        key = request.headers["authorization"].removeprefix("Bearer ")
        self.shown.append(key)
        return message("Yes.") if key in self.valid else failure(401, "authentication_error")


class Secret:
    """A source of keys that can change, break, and be counted."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys)
        self.reads = 0
        self.broken = False

    def __call__(self) -> list[str]:
        self.reads += 1
        if self.broken:
            raise TimeoutError("no secrets manager")
        return self.keys


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when the test says so."""
    now = [1000.0]
    monkeypatch.setattr(recipe.time, "monotonic", lambda: now[0])
    return now


def answered(api: Api, ring: Any) -> bool:
    try:
        sync_client(api, [ring]).messages.create(**ASK)
    except anthropic.AuthenticationError:
        return False
    return True


def test_requests_go_out_with_the_newest_key_and_never_with_the_clients_own():
    api = Api("new", "old")
    assert answered(api, recipe.KeyRing(Secret("new", "old")))
    assert api.shown == ["new"]


def test_a_refused_key_costs_one_attempt_and_is_not_tried_again():
    api, ring = Api("old"), recipe.KeyRing(Secret("new", "old"))
    assert [answered(api, ring) for _ in range(3)] == [True] * 3
    assert api.shown == ["new", "old", "old", "old"]


def test_a_request_is_repeated_once_and_the_next_request_goes_on_with_the_third_key():
    api, ring = Api("c"), recipe.KeyRing(Secret("a", "b", "c"))
    assert not answered(api, ring)
    assert answered(api, ring)
    assert api.shown == ["a", "b", "c"]


def test_a_single_key_that_is_refused_is_not_sent_twice():
    api = Api()
    assert not answered(api, recipe.KeyRing(Secret("only")))
    assert api.shown == ["only"]


def test_keys_that_are_enabled_again_work_without_a_restart():
    api, ring = Api(), recipe.KeyRing(Secret("a", "b"))
    assert not answered(api, ring)
    api.valid = {"b"}
    assert answered(api, ring)
    api.shown.clear()
    assert answered(api, ring)
    assert api.shown == ["b"]


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 529])
def test_other_errors_stay_with_their_key(status):
    shown: list[str] = []

    def answer(request: httpx2.Request) -> Answer:
        shown.append(request.headers["authorization"])
        return failure(status)

    with pytest.raises(anthropic.APIStatusError):
        sync_client(answer, [recipe.KeyRing(Secret("a", "b"))]).messages.create(**ASK)
    assert shown == ["Bearer a"]


def test_the_source_is_read_again_when_its_time_has_come(clock):
    secret = Secret("old")
    api, ring = Api("old", "new"), recipe.KeyRing(secret, every=60)
    secret.keys = ["new", "old"]
    clock[0] += 59
    answered(api, ring)
    clock[0] += 1
    answered(api, ring)
    assert api.shown == ["old", "new"]
    assert secret.reads == 2


def test_a_refusal_reads_the_source_at_once():
    secret = Secret("old")
    api, ring = Api("new"), recipe.KeyRing(secret, every=3600)
    secret.keys = ["new"]
    assert answered(api, ring)
    assert api.shown == ["old", "new"]


def test_a_key_that_left_the_secret_is_not_used_any_more():
    secret = Secret("a", "b")
    api, ring = Api("a", "b"), recipe.KeyRing(secret, every=0)
    answered(api, ring)
    secret.keys = ["b"]
    answered(api, ring)
    assert api.shown == ["a", "b"]


def test_a_refused_key_that_is_put_into_the_secret_again_gets_another_chance():
    secret = Secret("a", "b")
    api, ring = Api("b"), recipe.KeyRing(secret, every=0)
    answered(api, ring)
    secret.keys = ["b"]
    answered(api, ring)
    secret.keys = ["a", "b"]
    answered(api, ring)
    assert api.shown == ["a", "b", "b", "a", "b"]


@pytest.mark.parametrize("trouble", ["broken", "empty", "malformed"])
def test_a_source_that_fails_later_leaves_the_keys_as_they_were(trouble, caplog):
    secret = Secret("good")
    api, ring = Api("good"), recipe.KeyRing(secret, every=0)
    secret.broken = trouble == "broken"
    secret.keys = {"broken": ["x"], "empty": [], "malformed": ["two words"]}[trouble]
    assert answered(api, ring)
    assert "going on with the old ones" in caplog.text


@pytest.mark.parametrize("keys", [[], ["sk-ant-grün"], ["sk-ant key"], [""]])
def test_a_service_without_usable_keys_does_not_start(keys):
    with pytest.raises(ValueError, match=r"no keys|key 1 has"):
        recipe.KeyRing(Secret(*keys))


def test_no_log_and_no_message_holds_a_whole_key(caplog):
    caplog.set_level(logging.DEBUG, "claude.keys")
    secret = Secret("sk-ant-api03-secret-AAAA", "sk-ant-api03-secret-BBBB")
    ring = recipe.KeyRing(secret, every=0)
    answered(Api("sk-ant-api03-secret-BBBB"), ring)
    secret.keys = ["sk-ant-api03-secret-CCCC"]
    answered(Api("sk-ant-api03-secret-CCCC"), ring)
    assert "refuses key …AAAA" in caplog.text
    assert "keys are now …CCCC" in caplog.text
    with pytest.raises(ValueError, match="key 1") as caught:
        recipe.KeyRing(Secret("sk-ant secret"))
    assert "secret" not in caplog.text + str(caught.value)


def test_a_key_is_reported_once(caplog):
    ring = recipe.KeyRing(Secret("a", "b"))
    for _ in range(3):
        answered(Api(), ring)
    assert caplog.text.count("refuses key …a") == 1


def test_async_code_takes_the_same_ring():
    api, secret = Api("new"), Secret("old")
    ring = recipe.KeyRing(secret)
    secret.keys = ["new"]

    async def ask() -> str:
        answer = await async_client(api, [ring]).messages.create(**ASK)
        return answer.content[0].text

    assert asyncio.run(ask()) == "Yes."
    assert api.shown == ["old", "new"]


def test_async_code_gets_the_error_when_no_key_is_good():
    async def ask(*keys: str) -> list[str]:
        api = Api()
        client = async_client(api, [recipe.KeyRing(Secret(*keys))])
        with pytest.raises(anthropic.AuthenticationError):
            await client.messages.create(**ASK)
        return api.shown

    assert asyncio.run(ask("a")) == ["a"]
    assert asyncio.run(ask("a", "b", "c")) == ["a", "b"]


def test_a_slow_source_does_not_hold_up_the_event_loop(clock):
    entered, leave = threading.Event(), threading.Event()
    released: list[bool] = []

    def slow() -> list[str]:
        if clock[0] > 1000:
            entered.set()
            released.append(leave.wait(5))
        return ["a"]

    ring = recipe.KeyRing(slow, every=60)
    clock[0] += 61

    async def both() -> None:
        asking = asyncio.create_task(async_client(Api("a"), [ring]).messages.create(**ASK))
        await asyncio.to_thread(entered.wait, 5)
        leave.set()
        await asking

    asyncio.run(both())
    assert released == [True]


def test_a_stream_that_is_refused_begins_again_with_the_next_key():
    shown: list[str] = []
    events = 'event: message_stop\ndata: {"type": "message_stop"}\n\n'

    def answer(request: httpx2.Request) -> Answer:
        shown.append(request.headers["authorization"])
        if len(shown) == 1:
            return failure(401, "authentication_error")
        return httpx2.Response(200, text=events, headers={"content-type": "text/event-stream"})

    client = sync_client(answer, [recipe.KeyRing(Secret("a", "b"))])
    with client.messages.create(**ASK, stream=True) as stream:
        assert [event.type for event in stream] == ["message_stop"]
    assert shown == ["Bearer a", "Bearer b"]


def test_a_retry_of_the_sdk_is_signed_anew():
    secret = Secret("old")
    shown: list[str] = []

    def answer(request: httpx2.Request) -> Answer:
        shown.append(request.headers["authorization"])
        if len(shown) == 1:
            secret.keys = ["new"]
            return httpx2.Response(429, json={}, headers={"retry-after-ms": "1"})
        return message("Yes.")

    client = sync_client(answer, [recipe.KeyRing(secret, every=0)])
    client.with_options(max_retries=1).messages.create(**ASK)
    assert shown == ["Bearer old", "Bearer new"]


def test_many_refusals_at_once_read_the_source_once():
    count = 8
    secret, together = Secret("old"), threading.Barrier(count)

    def answer(request: httpx2.Request) -> Answer:
        if request.headers["authorization"] == "Bearer old":
            together.wait(10)
            return failure(401, "authentication_error")
        return message("Yes.")

    client = sync_client(answer, [recipe.KeyRing(secret)])
    secret.keys = ["new"]
    results: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: results.append(client.messages.create(**ASK).stop_reason))
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["end_turn"] * count
    assert secret.reads == 2


def test_a_secret_file_holds_a_key_a_line(tmp_path: Path):
    secret = tmp_path / "keys"
    secret.write_text("new\n\n  old \n", "utf-8")
    assert recipe.keys_in(secret) == ["new", "old"]


def keys_of_an_organization(*hints: str | None):
    """Return an admin's client for an organization with these keys, and what it changed."""
    changed: list[tuple[str, bytes]] = []

    def answer(request: httpx2.Request) -> Answer:
        if request.method == "POST":
            changed.append((request.url.path, request.content))
            return {"id": "apikey_0", "status": "inactive", "type": "api_key"}
        assert request.url.params["status"] == "active"
        keys = [
            {"id": f"apikey_{n}", "partial_key_hint": hint, "type": "api_key"}
            for n, hint in enumerate(hints)
        ]
        return {"data": keys, "has_more": False, "first_id": None, "last_id": None}

    return sync_client(answer), changed


def test_a_key_is_disabled_by_the_ending_that_was_logged():
    admin, changed = keys_of_an_organization(None, "sk-ant-api03-R2D...oldA", "sk-a...newB")
    assert retire.disable(admin, "oldA").status == "inactive"
    assert changed == [("/v1/organizations/api_keys/apikey_1", b'{"status":"inactive"}')]


@pytest.mark.parametrize(("ending", "found"), [("zzzz", 0), ("oldA", 2), ("A", 0), ("", 0)])
def test_nothing_is_disabled_unless_exactly_one_key_is_meant(ending, found):
    admin, changed = keys_of_an_organization("sk...1oldA", "sk...2oldA")
    with pytest.raises(LookupError, match=f"^{found} active"):
        retire.disable(admin, ending)
    assert changed == []
