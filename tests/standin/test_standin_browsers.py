from __future__ import annotations

from asking import HELLO

ORIGIN = {"origin": "https://docs.example"}
OPTED_IN = ORIGIN | {"anthropic-dangerous-direct-browser-access": "true"}


def test_a_browser_that_asks_first_may_send_what_the_sdk_sends(standin):
    wanted = "authorization,content-type,anthropic-version,x-stainless-lang"
    response = standin.http.options(
        "/v1/messages",
        headers=ORIGIN
        | {
            "access-control-request-method": "POST",
            "access-control-request-headers": wanted,
        },
    )
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "*"
    assert "POST" in response.headers["access-control-allow-methods"]
    assert response.headers["access-control-allow-headers"] == wanted


def test_a_page_that_opts_in_can_read_answers_streams_and_errors(standin):
    for body, status in ((HELLO, 200), (HELLO | {"stream": True}, 200), ({}, 400)):
        response = standin.post(body, **OPTED_IN)
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.headers["access-control-expose-headers"] == "*"


def test_a_page_that_does_not_opt_in_is_refused(standin):
    response = standin.post(HELLO, **ORIGIN)
    assert response.status_code == 401
    assert "dangerous-direct-browser-access" in response.json()["error"]["message"]
    assert "access-control-allow-origin" not in response.headers


def test_without_a_browser_nothing_is_said_about_pages(standin):
    assert not any(name.startswith("access-control") for name in standin.post(HELLO).headers)
