from __future__ import annotations

import anthropic
import pytest
from asking import HELLO

BATCHES = "/v1/messages/batches"


def asked(custom_id, **changes):
    return {"custom_id": custom_id, "params": HELLO | changes}


def create(standin, *requests):
    return standin.client.messages.batches.create(requests=list(requests))


def refusal(standin, body):
    response = standin.post(body, BATCHES)
    assert response.status_code == 400
    return response.json()["error"]["message"]


def test_a_batch_is_in_progress_when_created_and_has_ended_at_the_next_look(standin):
    batches = standin.client.messages.batches
    batch = create(standin, asked("a"), asked("b"))
    assert batch.id.startswith("msgbatch_01")
    assert (batch.processing_status, batch.request_counts.processing) == ("in_progress", 2)
    assert batch.results_url is None
    batch = batches.retrieve(batch.id)
    assert (batch.processing_status, batch.request_counts.processing) == ("ended", 0)
    assert batch.request_counts.succeeded == 2
    assert batch.results_url == f"{standin.url}{BATCHES}/{batch.id}/results"
    results = list(batches.results(batch.id))
    assert [result.custom_id for result in results] == ["b", "a"]
    messages = [result.result.message for result in results]
    assert {message.usage.service_tier for message in messages} == {"batch"}
    assert len({message.id for message in messages}) == 2
    assert "Hello" in messages[0].content[0].text


def test_a_request_that_the_api_refuses_is_a_result_not_a_refusal_of_the_batch(standin):
    batches = standin.client.messages.batches
    bad = [asked("hot", temperature=0.5), asked("unknown", model="claude-x")]
    bad += [asked("stream", stream=True), asked("warm", max_tokens=0), asked("empty", messages=[])]
    batch = create(standin, asked("good"), *bad)
    results = {result.custom_id: result.result for result in batches.results(batch.id)}
    counts = batches.retrieve(batch.id).request_counts
    assert (counts.succeeded, counts.errored) == (1, 5)
    assert results["unknown"].error.error.type == "not_found_error"
    assert results["unknown"].error.error.message == "model: claude-x"
    for name in ("hot", "stream", "warm", "empty"):
        assert results[name].error.error.type == "invalid_request_error"
    assert results["hot"].error.type == "error"


def test_the_requests_take_the_replies_of_the_script_in_their_order(start):
    standin = start("replies: [{text: one}, {error: {status: 529}}, {text: three}]")
    batch = create(standin, asked("a"), asked("b"))
    assert standin.client.messages.create(**HELLO).content[0].text == "three"
    b, a = standin.client.messages.batches.results(batch.id)
    assert a.result.message.content[0].text == "one"
    assert b.result.error.error.type == "overloaded_error"
    assert standin.findings == ()


def test_a_batch_is_canceled_before_it_ends_and_deleted_after(standin):
    batches = standin.client.messages.batches
    batch = create(standin, asked("a"))
    with pytest.raises(anthropic.BadRequestError, match="cancel it first"):
        batches.delete(batch.id)
    assert batches.cancel(batch.id).processing_status == "canceling"
    assert batches.cancel(batch.id).cancel_initiated_at is not None
    assert batches.retrieve(batch.id).request_counts.canceled == 1
    assert [one.result.type for one in batches.results(batch.id)] == ["canceled"]
    with pytest.raises(anthropic.BadRequestError, match="no longer be canceled"):
        batches.cancel(batch.id)
    assert batches.delete(batch.id).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        batches.retrieve(batch.id)


def test_results_that_are_asked_for_too_early_are_not_there(standin):
    batch = create(standin, asked("a"))
    response = standin.http.get(f"{BATCHES}/{batch.id}/results")
    assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found_error")
    assert standin.client.messages.batches.list().data[0].processing_status == "in_progress"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "requests: Field required"),
        ({"requests": []}, "requests: List should have at least 1 item after validation, not 0"),
        ({"requests": {}}, "requests: Input should be a valid list"),
        ({"requests": ["a"]}, "requests.0: Input should be a valid dictionary"),
        ({"requests": [{"custom_id": "a"}]}, "requests.0.params: Field required"),
        ({"requests": [asked(1)]}, "requests.0.custom_id: Input should be a valid string"),
        (
            {"requests": [asked("a"), asked("b" * 65)]},
            "requests.1.custom_id: String should have at most 64 characters",
        ),
        (
            {"requests": [asked("a b")]},
            "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
        ),
        (
            {"requests": [asked("a\n")]},
            "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
        ),
        (
            {"requests": [asked("a"), asked("a")]},
            "requests.1.custom_id: a is not unique in the batch",
        ),
        (
            {"requests": [asked("a")], "model": "x"},
            "model: Extra inputs are not permitted",
        ),
        ([], "Input should be a valid dictionary"),
    ],
)
def test_what_is_no_batch_is_refused(standin, body, message):
    assert refusal(standin, body) == message


def test_batches_are_listed_newest_first_in_pages(standin):
    batches = standin.client.messages.batches
    ids = [create(standin, asked(f"n{number}")).id for number in range(5)]
    assert [batch.id for batch in batches.list(limit=2)] == ids[::-1]
    page = batches.list(limit=2, before_id=ids[0])
    assert [batch.id for batch in page.data] == [ids[2], ids[1]]
    assert page.has_more
    assert not batches.list(limit=2, after_id=ids[1]).has_more


def test_a_batch_is_the_same_bytes_every_time(start):
    def all_of(standin):
        created = standin.post({"requests": [asked("a"), asked("b")]}, BATCHES)
        url = f"{BATCHES}/{created.json()['id']}"
        host = {"host": "api.anthropic.com"}
        ended = standin.http.get(url, headers=host)
        assert ended.json()["results_url"] == f"https://api.anthropic.com{url}/results"
        return created.content, ended.content, standin.http.get(f"{url}/results").content

    assert all_of(start()) == all_of(start())
