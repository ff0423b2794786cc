"""Recording: requests go to the upstream, and what went both ways is kept.

`live` is earned: only answers that came over TLS from the vendor's own host, its certificate
verified, count as such.
"""

from __future__ import annotations

import importlib.metadata
import ssl
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from linernotes.cassettes.cassette import (
    Cassette,
    Event,
    EventsBody,
    Interaction,
    JsonBody,
    Provenance,
    header,
)
from linernotes.cassettes.secrets import scrub
from linernotes.cassettes.yaml_format import dumps
from linernotes.running.transport import forward_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from linernotes.cassettes.cassette import Request, Response
    from linernotes.running.job import Job

LIVE = "live"
"""The upstream of a live recording: the hosts that the snippet itself names."""

VENDOR_HOST = "api.anthropic.com"


class Recording:
    """What one run sent and was sent."""

    unrecorded = False

    def __init__(self, job: Job) -> None:
        assert job.upstream is not None
        assert job.started_at is not None
        self._job = job
        self._upstream = job.upstream
        self._interactions: list[Interaction] = []
        self._verified = True
        self.moment = job.started_at

    @property
    def hosts(self) -> tuple[str, ...]:
        """The stand-in's host, or the vendor's."""
        if self._upstream == LIVE:
            return (VENDOR_HOST,)
        return (urlsplit(self._upstream).hostname or "",)

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return len(self._interactions)

    @property
    def provenance(self) -> Literal["live", "simulated"] | None:
        """What the recording may call itself."""
        if not self._interactions:
            return None
        return "live" if self._upstream == LIVE and self._verified else "simulated"

    @property
    def tokens(self) -> tuple[int, int]:
        """What the answers say that they used."""
        used = [usage(interaction.response) for interaction in self._interactions]
        return sum(one[0] for one in used), sum(one[1] for one in used)

    def redirect(self, request: Any) -> Any:
        """Return the request to send instead: the same, to the stand-in's host."""
        if self._upstream == LIVE:
            return request
        to = urlsplit(self._upstream)
        url = request.url.copy_with(
            scheme=to.scheme,
            host=to.hostname,
            port=to.port,
            raw_path=to.path.encode() + request.url.raw_path,
        )
        return type(request)(
            request.method,
            url,
            headers=request.headers,
            content=request.content,
            extensions=request.extensions,
        )

    def keep(self, request: Request, response: Response, stream: Any) -> None:
        """Keep what went both ways, without its credentials."""
        self._verified = self._verified and _from_vendor(request, stream)
        self._interactions.append(scrub(Interaction(request, response)))

    def failure(self) -> None:
        """Return nothing: what goes wrong while recording, the snippet's own code says."""

    def recording(self) -> str | None:
        """Return the text of the cassette, or None if there was nothing to record."""
        source = self.provenance
        if source is None:
            return None
        first = self._interactions[0].request
        provenance = Provenance(
            source=source,
            recorded_at=self.moment,
            sdk=f"anthropic {importlib.metadata.version('anthropic')}",
            api_version=header(first.headers, "anthropic-version"),
            snippet=self._job.address,
        )
        return dumps(Cassette(provenance, tuple(self._interactions)))


def connect(job: Job, imported: Callable[[str], bool]) -> Recording:
    """Put the upstream of `job` at the end of the wire, and listen."""
    recording = Recording(job)
    forward_with(recording.redirect, recording.keep, imported)
    return recording


def usage(response: Response) -> tuple[int, int]:
    """Return the input and output tokens of an answer of the Messages API, cached input included.

    In a stream the last `usage` counts: it is cumulative (docs: build-with-claude/streaming).
    """
    found: dict[str, Any] = {}
    if isinstance(response.body, JsonBody) and isinstance(response.body.value, dict):
        found = response.body.value.get("usage") or {}
    elif isinstance(response.body, EventsBody):
        for event in response.body.events:
            if isinstance(event, Event) and isinstance(event.data, dict):
                message = event.data.get("message") or {}
                found |= message.get("usage") or event.data.get("usage") or {}
    entry = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(found.get(name) or 0 for name in entry), found.get("output_tokens") or 0


def _from_vendor(request: Request, stream: Any) -> bool:
    """Return whether the connection is TLS to the vendor's host, with a verified certificate."""
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    return (
        isinstance(tls, (ssl.SSLObject, ssl.SSLSocket))
        and tls.context.verify_mode == ssl.CERT_REQUIRED
        and tls.context.check_hostname
        and tls.server_hostname == VENDOR_HOST
        and urlsplit(request.url).hostname == VENDOR_HOST
        and bool(tls.getpeercert())
    )
