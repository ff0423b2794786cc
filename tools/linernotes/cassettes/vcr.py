"""The serializer for vcrpy and pytest-recording: they then read and write cassettes of ours.

    vcr.VCR(serializer="linernotes").register_serializer("linernotes", linernotes.cassettes.vcr)

What vcrpy writes through it has no provenance: nobody saw where the answers came from.
"""

from __future__ import annotations

from typing import Any

from linernotes.cassettes.cassette import (
    Cassette,
    CassetteError,
    Headers,
    Interaction,
    body_to_bytes,
    request_from_http,
    response_from_http,
)
from linernotes.cassettes.secrets import ensure_clean, scrub
from linernotes.cassettes.yaml_format import dumps, loads

# vcrpy tells a serializer neither the file's name nor the test's.
_PAGE = "cassette"


def serialize(cassette_dict: dict[str, Any]) -> str:
    """Return the text of the cassette, its credentials replaced.

    `cassette_dict` is what `vcr.serialize.serialize` makes. Raises `CassetteError` if a credential
    is still in there, ValueError for metadata, which these files have no place for.
    """
    if cassette_dict.get("metadata"):
        message = "a linernotes cassette has no metadata; use vcrpy's own serializer for it"
        raise ValueError(message)
    interactions = (_interaction(each) for each in cassette_dict["interactions"])
    text = dumps(Cassette(None, tuple(scrub(interaction) for interaction in interactions)))
    for finding in ensure_clean(text, _PAGE):
        raise CassetteError(finding)
    return text


def deserialize(cassette_string: str) -> dict[str, Any]:
    """Return the cassette as `vcr.serialize.deserialize` expects it. Raises `CassetteError`."""
    cassette = loads(cassette_string, _PAGE)
    return {
        "version": 1,
        "interactions": [_vcr_interaction(each) for each in cassette.interactions],
    }


def _interaction(tree: dict[str, Any]) -> Interaction:
    request, response = tree["request"], tree["response"]
    status = response["status"]
    return Interaction(
        request_from_http(
            request["method"],
            request["uri"],
            _headers(request["headers"]),
            _bytes(request["body"]),
        ),
        response_from_http(
            status["code"],
            status["message"] or "",
            _headers(response["headers"]),
            _bytes(response["body"]["string"]),
        ),
    )


def _headers(headers: dict[str, Any]) -> Headers:
    return tuple(
        (name, value.decode("latin-1") if isinstance(value, bytes) else str(value))
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
    )


def _bytes(body: Any) -> bytes:
    """Return a body as bytes: vcrpy hands over text, bytes, an open file or an iterator of parts."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return _bytes(body.read())
    return body if isinstance(body, bytes) else b"".join(_bytes(part) for part in body)


def _vcr_interaction(interaction: Interaction) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    return {
        "request": {
            "method": request.method,
            "uri": request.url,
            "body": body_to_bytes(request.body) or None,
            "headers": _vcr_headers(request.headers),
        },
        "response": {
            "status": {"code": response.status, "message": response.reason},
            "headers": _vcr_headers(response.headers),
            "body": {"string": body_to_bytes(response.body)},
        },
    }


def _vcr_headers(headers: Headers) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found
