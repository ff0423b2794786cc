"""Recording: requests go to the upstream, and what went both ways is kept.

`live` is earned: only answers that came over TLS from the vendor's own host, its certificate
verified against the certificate authorities that Mozilla trusts (certifi), count as such. What
else a machine trusts, such as a proxy that looks into connections, doesn't count.
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
    body_to_bytes,
    header,
    response_from_http,
)
from linernotes.cassettes.secrets import scrub
from linernotes.cassettes.yaml_format import dumps
from linernotes.running.job import LIVE, Failure
from linernotes.running.packages import other_clients_in
from linernotes.running.transport import forward_with
from linernotes.running.wire import RefusedRequestError, page_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from linernotes.cassettes.cassette import Request, Response
    from linernotes.running.job import Job

VENDOR_HOST = "api.anthropic.com"

_OF_THE_TRIP = frozenset({"connection", "content-length", "host", "transfer-encoding"})
"""Headers of one connection (RFC 9110, section 7.6.1), and those that a client computes."""


class Recording:
    """What one run sent and was sent."""

    unrecorded = False

    def __init__(self, job: Job) -> None:
        assert job.upstream is not None
        assert job.started_at is not None
        self._job = job
        self._upstream = job.upstream
        self._interactions: dict[int, Interaction] = {}
        self._failure: Failure | None = None
        self.moment = job.started_at
        self.context = _vendor_context() if self._upstream == LIVE else _no_context()

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
        """What the recording may call itself; nothing if its answers came from who knows where."""
        if not self._interactions or self._failure is not None:
            return None
        return "live" if self._upstream == LIVE else "simulated"

    @property
    def tokens(self) -> tuple[int, int]:
        """What the answers say that they used."""
        used = [usage(interaction.response) for interaction in self._interactions.values()]
        return sum(one[0] for one in used), sum(one[1] for one in used)

    def redirect(self, request: Any) -> Any:
        """Return the request to send instead: the same, to the stand-in's host.

        Raises RefusedRequestError for one that would tell the key to anybody but the vendor.
        """
        if self._upstream == LIVE:
            if (request.url.scheme, request.url.host) != ("https", VENDOR_HOST):
                raise RefusedRequestError(self._not_live(request.method, str(request.url)).message)
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

    def knows(self, stream: Any) -> bool:
        """Return whether a stream is TLS to the vendor's host, verified by our own rules."""
        tls = stream.get_extra_info("ssl_object") if stream is not None else None
        return (
            tls is not None
            and tls.context is self.context
            and tls.server_hostname == VENDOR_HOST
            and bool(tls.getpeercert())
        )

    def keep(self, number: int, request: Request, response: Response, *, known: bool) -> None:
        """Keep what went both ways, without its credentials, in the order of the requests."""
        if self._upstream == LIVE and not known:
            self._not_live(request.method, request.url)
        self._interactions[number] = scrub(Interaction(request, response))

    def failure(self) -> Failure | None:
        """Return that an answer came from somebody else than the vendor, if one did."""
        return self._failure

    def recording(self) -> str | None:
        """Return the text of the cassette, or None if there was nothing to record."""
        source = self.provenance
        if source is None:
            return None
        interactions = tuple(self._interactions[number] for number in sorted(self._interactions))
        provenance = Provenance(
            source=source,
            recorded_at=self.moment,
            sdk=f"anthropic {importlib.metadata.version('anthropic')}",
            api_version=header(interactions[0].request.headers, "anthropic-version"),
            snippet=self._job.address,
        )
        return dumps(Cassette(provenance, interactions))

    def _not_live(self, method: str, url: str) -> Failure:
        """Return why the recording can't be called live, the first reason of all."""
        if self._failure is None:
            self._failure = Failure(
                "not-live",
                page_line(self._job.page) or self._job.pieces[-1].line,
                f"{method} {url} doesn't go to {VENDOR_HOST} over verified TLS, so its answer"
                " can't be called live",
                hint=f"let the client talk to https://{VENDOR_HOST} itself, or record with"
                " --simulate",
            )
        return self._failure


def connect(job: Job, imported: Callable[[str], bool]) -> Recording:
    """Put the upstream of `job` at the end of the wire, and listen."""
    recording = Recording(job)
    forward_with(recording, imported)
    if other_clients_in(job.pieces):
        from linernotes.running import other_clients  # noqa: PLC0415  # heavy, and rarely used

        other_clients.answer_with(_ask)
    return recording


def usage(response: Response) -> tuple[int, int]:
    """Return the input and output tokens of an answer of the Messages API, cached input included.

    In a stream the last `usage` counts: it is cumulative (docs: build-with-claude/streaming).
    """
    found: dict[str, Any] = {}
    if isinstance(response.body, JsonBody):
        found.update(_inner(response.body.value, "usage"))
    elif isinstance(response.body, EventsBody):
        for event in response.body.events:
            if isinstance(event, Event):
                found.update(_inner(_inner(event.data, "message"), "usage"))
                found.update(_inner(event.data, "usage"))
    entry = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    numbers = {name: value for name, value in found.items() if isinstance(value, int)}
    return sum(numbers.get(name, 0) for name in entry), numbers.get("output_tokens", 0)


def _inner(value: Any, key: str) -> Mapping[str, Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _ask(request: Request) -> Response:
    """Send a request of another client through httpx2, where it is redirected and kept."""
    import httpx2  # noqa: PLC0415  # only where there is another client

    with httpx2.Client(timeout=None) as client:  # the snippet's own time is limited
        answer = client.request(
            request.method,
            request.url,
            headers=[(name, value) for name, value in request.headers if name not in _OF_THE_TRIP],
            content=body_to_bytes(request.body),
        )
        headers = tuple(answer.headers.items())
        return response_from_http(answer.status_code, answer.reason_phrase, headers, answer.content)


def _vendor_context() -> ssl.SSLContext:
    import certifi  # noqa: PLC0415  # only for a live recording

    return ssl.create_default_context(cafile=certifi.where())


def _no_context() -> ssl.SSLContext:
    """Return one that trusts nobody: the stand-in speaks plain HTTP."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
