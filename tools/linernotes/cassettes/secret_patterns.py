"""What credentials look like when nothing hides them.

Prefixes and lengths are the ones that the issuers document or that their keys were seen to have;
where an issuer has no prefix, the name that stands before the value decides.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Stands in for every credential: in the environment of a snippet, and in a cassette where one
# was. It is the same in both, so that a recorded request matches the one that is sent later.
PLACEHOLDER = "sk-ant-api03-placeholder-key-for-replay"

# Headers whose value is a credential, or names an organisation, whatever it looks like.
CREDENTIAL_HEADERS = frozenset(
    {
        "anthropic-organization-id",
        "api-key",
        "authorization",
        "cookie",
        "openai-organization",
        "proxy-authorization",
        "set-cookie",
        "x-amz-security-token",
        "x-api-key",
        "x-goog-api-key",
        "x-portkey-api-key",
        "x-portkey-virtual-key",
    }
)

# Query parameters whose value is a credential, in lower case.
CREDENTIAL_PARAMETERS = frozenset(
    {
        "access_token",
        "api-key",
        "api_key",
        "apikey",
        "auth",
        "client_secret",
        "key",
        "password",
        "sig",
        "signature",
        "token",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
        "x-goog-credential",
        "x-goog-signature",
    }
)

# Between a name and its value: JSON, YAML (a list item, too), Python, headers, form data.
_IS = r"""["'\\\]]*(?:\s*[:=]\s*(?:-\s+)?\[?\s*|\r?\n\r?\n)["'\\]*"""

_FIELDS = (
    r"api[-_]?key"
    r"|(?:access|refresh|id|session|security|auth|authorization)[-_]?token"
    r"|(?:client|consumer)[-_]?secret"
    r"|secret[-_]?(?:access[-_]?)?key"
    r"|private[-_]?key"
    r"|authorization"
    r"|passw(?:or)?d"
)

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

_AWS_40 = r"(?P<value>[A-Za-z0-9/+]{40})(?![\w/+=])"
_PEM_END = r"[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
_PEM = rf"-----BEGIN {_PEM_END}(?:[\w+/=\\\s:,.-]*?-----END {_PEM_END}|[\w+/=\\\s]*)"

_ELIDED = re.compile(r"[xX*.…_-]*")
_WORDS = re.compile(r"[A-Za-z]+(?:[-_ ][A-Za-z]+)*")
_MEANT_TO_BE_REPLACED = re.compile(r"(?i)your|example|placeholder|redacted|replace|xxx")
_VARIABLE = re.compile(r"[A-Z]+(?:_[A-Z]+)+")


@dataclass(frozen=True, slots=True)
class Span:
    """Where a credential is in a text, or where the run of characters is that decodes to it."""

    kind: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A kind of credential: the regular expression's group `value`, or all of it.

    Every match contains one of the needles, in lower case: most texts don't, and cost next to
    nothing.
    """

    kind: str
    needles: tuple[str, ...]
    regex: re.Pattern[str]
    looks_real: Callable[[str], bool]


def is_placeholder(value: str) -> bool:
    """Return whether a value only shows where a credential goes: `xxxx`, `your-key-here`, ours."""
    # With the little that may stand around it, or less the end that got lost in a base64 group.
    if PLACEHOLDER in value and len(value) < len(PLACEHOLDER) + 8:
        return True
    if PLACEHOLDER.startswith(value):
        return True
    if _VARIABLE.fullmatch(value):
        return True
    tail = re.sub(r"^(?:sk-ant-(?:[a-z]+\d+-)?|sk-(?:[a-z]+-)?|Bearer |Basic )", "", value)
    if _ELIDED.fullmatch(tail):
        return True
    return bool(_WORDS.fullmatch(tail) and _MEANT_TO_BE_REPLACED.search(tail))


def visible_credentials(text: str) -> Iterator[Span]:
    """Yield the credentials that stand in the text as they are; some may overlap."""
    lowered = text.lower()
    for pattern in _patterns():
        if not any(needle in lowered for needle in pattern.needles):
            continue
        group = "value" if "value" in pattern.regex.groupindex else 0
        for match in pattern.regex.finditer(text):
            if not is_placeholder(match[group]) and pattern.looks_real(match[group]):
                yield Span(pattern.kind, match[group], *match.span(group))


def _anything(_value: str) -> bool:
    return True


def _has_letters_and_digits(value: str) -> bool:
    return bool(re.search("[0-9]", value) and re.search("[A-Za-z]", value))


def _is_mixed(value: str) -> bool:
    """Return whether a value is no hash: those are written in one case."""
    return value not in {value.lower(), value.upper()} and _has_letters_and_digits(value)


def _is_token(value: str) -> bool:
    """Return whether what follows `Bearer` is more than the next word of a sentence."""
    return len(value) >= 16 or _has_letters_and_digits(value)  # noqa: PLR2004  (see _patterns)


def _is_user_and_password(value: str) -> bool:
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except ValueError:
        return False
    return ":" in decoded and decoded.isprintable()


def _has_key(value: str) -> bool:
    """Return whether there is a key between the lines `BEGIN` and `END`, not just dots."""
    return len(re.sub(r"-----[^-]*-----|[^A-Za-z0-9+/]", "", value)) > 12  # noqa: PLR2004


@cache
def _patterns() -> tuple[_Pattern, ...]:
    """Return the patterns; compiling them takes longer than importing this package."""
    rows: list[tuple[str, str | tuple[str, ...], str, Callable[[str], bool]]] = [
        ("Anthropic admin key", "sk-ant-admin", r"sk-ant-admin\d*-[\w-]{8,}", _anything),
        (
            "Anthropic OAuth token",
            "sk-ant-",
            r"sk-ant-(?:oat|ort|sid|ccoat)\d*-[\w-]{8,}",
            _anything,
        ),
        (
            "Anthropic API key",
            "sk-ant-",
            r"sk-ant-(?!(?:admin|oat|ort|sid|ccoat)\d)(?:[a-z]+\d+-[\w-]{8,}|[\w-]{16,})",
            _anything,
        ),
        ("OpenAI key", "sk-", r"sk-(?:proj|svcacct|admin|None|or-v1)-[\w-]{16,}", _anything),
        ("OpenAI key", "sk-", r"(?<![A-Za-z])sk-[A-Za-z0-9]{32,}", _anything),
        ("AWS access key", ("akia", "asia"), r"A(?:KI|SI)A[A-Z0-9]{16}", _anything),
        (
            "AWS secret key",
            "secret",
            rf"(?i:secret[-_]?access[-_]?key|aws[-_]?secret(?:[-_]?key)?)\W{{1,16}}{_AWS_40}",
            _anything,
        ),
        (
            "AWS secret key",
            ("akia", "asia"),
            rf"A(?:KI|SI)A[A-Z0-9]{{16}}[\s\S]{{1,200}}?(?<![\w/+-]){_AWS_40}",
            _is_mixed,
        ),
        ("Google API key", "aiza", r"AIza[\w-]{35}", _anything),
        ("Google OAuth token", "ya29.", r"ya29\.[\w-]{20,}", _anything),
        ("Google client secret", "gocspx-", r"GOCSPX-[\w-]{20,}", _anything),
        ("GitHub token", "gh", r"gh[opsur]_[A-Za-z0-9]{36,}", _anything),
        ("GitHub token", "github_pat_", r"github_pat_\w{22,}", _anything),
        ("Slack token", "xox", r"xox[a-z]-[A-Za-z0-9-]{10,}", _anything),
        ("Slack token", "xapp-", r"xapp-\d-[A-Za-z0-9-]{10,}", _anything),
        ("JSON Web Token", "eyj", r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}", _anything),
        (
            "private key",
            "private key",
            _PEM,
            _has_key,
        ),
        ("bearer token", "bearer", r"(?i:\bbearer)[ +]+(?P<value>[\w.~+/=-]{8,})", _is_token),
        (
            "basic credentials",
            "basic",
            r"(?i:\bbasic)[ +]+(?P<value>[A-Za-z0-9+/]{8,}={0,2})",
            _is_user_and_password,
        ),
        (
            "password in a URL",
            "://",
            r"[a-z]://[^/\s:@\"'<>\\]*:(?P<value>[^/\s@\"'<>\\{}$]{3,})@[\w.-]",
            _anything,
        ),
        (
            "Portkey key",
            "x-portkey-",
            rf"(?i:x-portkey-(?:api|virtual)-key){_IS}(?P<value>[\w.+/=-]{{8,}})",
            _anything,
        ),
        (
            "cookie",
            "cookie",
            rf"(?i:(?<![a-z])(?:set-)?cookie){_IS}(?P<value>[\w.%-]+=[^\s;,\"'\\]{{6,}})",
            _anything,
        ),
        (
            "organization id",
            "organization",
            rf"(?i:organization(?:[-_]?(?:id|uuid))?){_IS}(?P<value>(?i:{_UUID})|org-\w{{16,}})",
            _anything,
        ),
        (
            "credential",
            ("key", "token", "secret", "passw", "authorization"),
            rf"(?i:(?<![a-z])(?:{_FIELDS})){_IS}(?P<value>[\w.+/=~!@#%^*-]{{8,}})",
            _has_letters_and_digits,
        ),
    ]
    return tuple(
        _Pattern(
            kind,
            (needles,) if isinstance(needles, str) else needles,
            re.compile(regex, re.ASCII),
            looks_real,
        )
        for kind, needles, regex, looks_real in rows
    )
