"""Recording: requests go to the upstream, and what went both ways is kept.

`live` is earned: only answers that came over TLS from the vendor's own host, its certificate
verified against the certificate authorities that Mozilla trusts (certifi), count as such. What
else a machine trusts, such as a proxy that looks into connections, doesn't count.
"""

from __future__ import annotations

import importlib.metadata
import itertools
import os
import ssl
import threading
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

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
from linernotes.cassettes.matching import match_key
from linernotes.cassettes.secrets import scrub
from linernotes.cassettes.yaml_format import dumps
from linernotes.gateways.relaying import NOTE, REFUSED
from linernotes.running.job import LIVE, Failure
from linernotes.running.packages import imported_packages, other_clients_in
from linernotes.running.transport import forward_with
from linernotes.running.wire import RefusedRequestError, page_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from linernotes.cassettes.cassette import Request, Response
    from linernotes.running.job import Job

VENDOR_HOST = "api.anthropic.com"

_OF_THE_TRIP = frozenset({"connection", "content-length", "host", "transfer-encoding"})
"""Headers of one connection (RFC 9110, section 7.6.1), and those that a client computes."""

PASSING = frozenset({429, 500, 502, 503, 504, 529})
"""Statuses of an API that is busy or out of order: no page wants them unless it is about them."""

MOST_ATTEMPTS = 6
LONGEST_WAIT = 60.0
"""Seconds that an answer may ask for, in `retry-after`, and still be waited for."""

READABLE_ENCODINGS = "gzip, deflate"
"""What a recording can look into for credentials, whatever the client could read besides."""


class Recording:
    """What one run sent and was sent."""

    unrecorded = False

    def __init__(self, job: Job) -> None:
        assert job.upstream is not None
        assert job.started_at is not None
        self._job = job
        self._upstream = job.upstream
        self._interactions: dict[int, Interaction] = {}
        self._numbers = itertools.count()
        self._group = 0
        self._groups: dict[int, int] = {}
        self._on_their_way: set[int] = set()
        self._aside = False
        self._lock = threading.Lock()
        self._known = (os.environ.get("ANTHROPIC_API_KEY", ""),)
        self._failure: Failure | None = None
        self._note: str | None = None
        self.moment = job.started_at
        self.context = _vendor_context() if self._upstream == LIVE else _no_context()
        self._trust = _trust_of(self.context)

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

    @property
    def one_at_a_time(self) -> bool:
        """The API is asked as the snippet asks it; the stand-in in a stable order."""
        return self._upstream != LIVE

    def begin(self) -> int:
        """Return the number of a request that sets out, and note what it is together with.

        That is what is on its way already, and what other threads than the main one have sent just
        before: one of them may be done before the next begins.
        """
        aside = threading.current_thread() is not threading.main_thread()
        with self._lock:
            number = next(self._numbers)
            self._group += not (self._on_their_way or (aside and self._aside))
            self._aside = aside
            self._groups[number] = self._group
            self._on_their_way.add(number)
            return number

    def end(self, number: int) -> None:
        """Note that a request isn't on its way any more."""
        with self._lock:
            self._on_their_way.discard(number)

    def wait(self, attempt: int, response: Response) -> float | None:
        """Return after how many seconds to ask again, None to take the answer.

        The live API's passing troubles are waited out, so that no cassette keeps them; not where
        the snippet's `raises` is about such an error. The stand-in's are there because the script
        has them.
        """
        if self._upstream != LIVE or self._job.raises or response.status not in PASSING:
            return None
        asked = header(response.headers, "retry-after")
        try:
            seconds = float(asked) if asked is not None else 2.0 ** (attempt - 1)
        except ValueError:  # a date (RFC 9110, section 10.2.3)
            seconds = 2.0 ** (attempt - 1)
        if attempt < MOST_ATTEMPTS and 0 <= seconds <= LONGEST_WAIT:
            return seconds
        self._fail(
            "api-busy",
            f"the API answered {response.status} {attempt} times"
            + (f" and asked to wait {asked} seconds" if asked else ""),
            "record this snippet again later, or with fewer at once: linernotes record -j 1",
        )
        return None

    def redirect(self, request: Any) -> Any:
        """Return the request to send instead: the same, to the stand-in's host.

        Raises RefusedRequestError for one that would tell the key to anybody but the vendor.
        """
        url = request.url
        if self._upstream != LIVE:
            to = urlsplit(self._upstream)
            path = to.path.encode() + url.raw_path
            url = url.copy_with(scheme=to.scheme, host=to.hostname, port=to.port, raw_path=path)
        elif (url.scheme, url.host) != ("https", VENDOR_HOST):
            raise RefusedRequestError(self._not_live(request.method, str(url)).message)
        headers = request.headers.copy()
        headers["accept-encoding"] = READABLE_ENCODINGS
        return type(request)(
            request.method,
            url,
            headers=headers,
            content=request.content,
            extensions=request.extensions,
        )

    def knows(self, stream: Any) -> bool:
        """Return whether a stream is TLS to the vendor's host, verified by our own rules."""
        tls = stream.get_extra_info("ssl_object") if stream is not None else None
        return (
            tls is not None
            and tls.context is self.context
            and _trust_of(tls.context) == self._trust
            and tls.server_hostname == VENDOR_HOST
            and bool(tls.getpeercert())
        )

    def keep(self, number: int, request: Request, response: Response, *, known: bool) -> None:
        """Keep what went both ways, without its credentials, in the order of the requests."""
        if self._upstream == LIVE and not known:
            self._not_live(request.method, request.url)
        self._note = self._note or header(response.headers, NOTE)
        refused = header(response.headers, REFUSED)
        if refused is not None:
            self._fail("gateway", unquote(refused), 'say so on the page: `.norun reason="…"`')
        self._interactions[number] = scrub(Interaction(request, response), self._known)

    def failure(self) -> Failure | None:
        """Return that an answer came from somebody else than the vendor, if one did."""
        return self._failure

    def recording(self) -> str | None:
        """Return the text of the cassette, or None if there was nothing to record."""
        source = self.provenance
        if source is None:
            return None
        interactions = tuple(self._interactions[number] for number in self._in_order())
        provenance = Provenance(
            source=source,
            recorded_at=self.moment,
            sdk=_sdk_of(self._job),
            api_version=header(interactions[0].request.headers, "anthropic-version"),
            snippet=self._job.address,
            note=self._note,
        )
        return dumps(Cassette(provenance, interactions))

    def _in_order(self) -> list[int]:
        """Return the numbers of what was kept, in an order that is the same each time.

        Requests that were sent together have none of their own: chance decides which of them a
        thread or a loop begins first.
        """

        def place(number: int) -> tuple[int, str, int]:
            request = self._interactions[number].request
            return self._groups[number], match_key(request), number

        return sorted(self._interactions, key=place)

    def _not_live(self, method: str, url: str) -> Failure:
        return self._fail(
            "not-live",
            f"{method} {url} doesn't go to {VENDOR_HOST} over verified TLS, so its answer"
            " can't be called live",
            f"let the client talk to https://{VENDOR_HOST} itself, or record with --simulate",
        )

    def _fail(self, code: str, message: str, hint: str) -> Failure:
        """Note and return why there can be no recording, the first reason of all."""
        if self._failure is None:
            line = page_line(self._job.page) or self._job.pieces[-1].line
            self._failure = Failure(code, line, message, hint=hint)
        return self._failure


def _sdk_of(job: Job) -> str:
    """Return the name and version of the SDK that a snippet uses: a gateway's own, if it does."""
    imported = {name for piece in job.pieces for name in imported_packages(piece.source)}
    name = next((name for name in ("portkey_ai", "openai") if name in imported), "anthropic")
    package = name.replace("_", "-")
    return f"{package} {importlib.metadata.version(package)}"


def connect(job: Job, imported: Callable[[str], bool]) -> Recording:
    """Put the upstream of `job` at the end of the wire, and listen."""
    recording = Recording(job)
    forward_with(recording, imported)
    if other_clients_in(job.pieces):
        from linernotes.running import other_clients  # noqa: PLC0415  # heavy, and rarely used

        other_clients.answer_with(_ask)
    return recording


def usage(response: Response) -> tuple[int, int]:
    """Return the input and output tokens of an answer of the Messages API, cached input included."""
    found = usage_of(response)
    entry = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    numbers = {name: value for name, value in found.items() if isinstance(value, int)}
    return sum(numbers.get(name, 0) for name in entry), numbers.get("output_tokens", 0)


def usage_of(response: Response) -> Mapping[str, Any]:
    """Return the `usage` of an answer of the Messages API, empty if it has none.

    In a stream the last of each of its members counts: they are cumulative (docs:
    build-with-claude/streaming).
    """
    found = dict(_inner(answered(response), "usage"))
    if isinstance(response.body, EventsBody):
        for event in response.body.events:
            if isinstance(event, Event):
                found.update(_inner(event.data, "usage"))
    return found


def answered(response: Response) -> Mapping[str, Any]:
    """Return the message of an answer, of a stream the one that it starts with."""
    if isinstance(response.body, JsonBody) and isinstance(response.body.value, dict):
        return response.body.value
    if isinstance(response.body, EventsBody):
        for event in response.body.events:
            if isinstance(event, Event) and (message := _inner(event.data, "message")):
                return message
    return {}


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


def _trust_of(context: ssl.SSLContext) -> tuple[object, ...]:
    """Return what a snippet would change to have somebody else trusted: it can reach the context.

    Certificates can be added to a context and not be taken away, so their number tells.
    """
    return context.cert_store_stats(), context.verify_mode, context.check_hostname


def _no_context() -> ssl.SSLContext:
    """Return one that trusts nobody: the stand-in speaks plain HTTP."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
