from __future__ import annotations

import anthropic
import pytest
from asking import HELLO

PROJECT = "v1/projects/my-project/locations/global"


@pytest.fixture
def clients(standin):
    """The SDK's platform clients, each under the path that its platform has."""
    url = standin.url
    return {
        "bedrock": anthropic.AnthropicBedrockMantle(
            base_url=f"{url}/anthropic", aws_region="us-east-1", api_key="key", max_retries=0
        ),
        "invoke": anthropic.AnthropicBedrock(
            base_url=url, aws_region="us-east-1", api_key="key", max_retries=0
        ),
        "foundry": anthropic.AnthropicFoundry(
            base_url=f"{url}/anthropic/", api_key="key", max_retries=0
        ),
        "google": anthropic.AnthropicGoogleCloud(
            base_url=f"{url}/{PROJECT}/workspaces/wrkspc_1/invoke",
            token_provider=lambda: "token",
            max_retries=0,
        ),
        "vertex": anthropic.AnthropicVertex(
            base_url=f"{url}/v1",
            region="global",
            project_id="my-project",
            access_token="token",
            max_retries=0,
        ),
    }


MODELS = {
    "bedrock": "anthropic.claude-sonnet-5-5",
    "invoke": "anthropic.claude-sonnet-5-5",
    "foundry": "claude-sonnet-5-5",
    "google": "claude-sonnet-5-5",
    "vertex": "claude-sonnet-5-5",
}


@pytest.mark.parametrize("platform", MODELS)
def test_a_platform_client_gets_an_answer(clients, platform):
    body = HELLO | {"model": MODELS[platform]}
    message = clients[platform].messages.create(**body)
    assert message.model == "claude-sonnet-5-5"


@pytest.mark.parametrize("platform", ["bedrock", "foundry", "google", "vertex"])
def test_a_platform_client_can_stream(clients, platform):
    with clients[platform].messages.stream(**HELLO | {"model": MODELS[platform]}) as stream:
        assert stream.get_final_message().stop_reason == "end_turn"


def test_a_dated_model_of_google_cloud_is_known(clients):
    message = clients["vertex"].messages.create(**HELLO | {"model": "claude-haiku-4-5@20251001"})
    assert message.model == "claude-haiku-4-5-20251001"


def test_google_cloud_counts_tokens(clients):
    counted = clients["vertex"].messages.count_tokens(
        model="claude-sonnet-5-5", messages=HELLO["messages"]
    )
    assert counted.input_tokens > 0


def test_a_mistake_is_refused_as_by_the_api_itself(clients):
    for platform, client in clients.items():
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(**HELLO | {"model": MODELS[platform], "max_tokens": -1})


def test_an_unknown_model_is_not_found_in_a_path_either(clients):
    with pytest.raises(anthropic.NotFoundError):
        clients["invoke"].messages.create(**HELLO | {"model": "anthropic.claude-none"})
