"""The header of a fence: what stands after its backticks, read as the renderer reads it.

The two grammars are those of pymdownx.superfences 10.16 to 13.1 (`RE_NESTED_FENCE_START`,
`RE_OPTIONS`, `parse_options`, `handle_attrs`, `highlight_validator`) and of attribute lists in
Python-Markdown (`markdown/extensions/attr_list.py`). The patterns are copied so that scanning
needn't import either package; tests compare the copies with what is installed.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from linernotes.findings import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterable

PYTHON_LANGUAGES = frozenset({"python", "py", "python3", "py3"})
"""Languages of snippets. `pycon` and `pytb` show sessions and tracebacks, which don't run."""

RENDERER_KEYS = frozenset({"title", "title_mode", "hl_lines", "linenums"})
"""The keys of `highlight_validator` in pymdownx/superfences.py; `data-…` is passed on there too."""

RENDERER_CLASSES = frozenset({"annotate", "copy", "no-copy", "select", "no-select"})
"""Classes that Material for MkDocs looks for around a code block (assets/javascripts/bundle)."""

SNIPPET_CLASSES = frozenset({"continue", "hidden", "norun", "skip"})
SNIPPET_KEYS = frozenset({"continue", "reason", "raises", "timeout"})
OUTPUT_CLASS = "output"

_OPENING = re.compile(
    r"""(?x)
    (?P<fence>~{3,}|`{3,})
    (?:[ \t]*\.?(?P<lang>[\w#.+-]+)(?=[\t ]|$))?                                           # Language
    (?:
        [ \t]*(\{(?P<attrs>[^\n]*)\}) |                                                    # Optional attributes or
        (?P<options>
            (?:
                (?:[ \t]*[a-zA-Z][a-zA-Z0-9_]*(?:=(?P<quot>"|').*?(?P=quot))?)(?=[\t ]|$)  # Options
            )+
        ) |
        (?P<unrecognized>
            (?:([ \t]*[^\s]+)(?=[\t ]|$))+
        )
    )?[ \t]*$
    """
)
_OPTIONS = re.compile(
    r"""(?x)
    (?:
        (?P<key>[a-zA-Z][a-zA-Z0-9_]*)(?:=(?P<quot>"|')(?P<value>.*?)(?P=quot))?
    )
    """
)
_HL_LINES = re.compile(r"^(?P<hl_lines>\d+(?:-\d+)?(?:[ \t]+\d+(?:-\d+)?)*)$")
_LINENUMS = re.compile(
    r"(?P<linestart>[\d]+)(?:[ \t]+(?P<linestep>[\d]+))?(?:[ \t]+(?P<linespecial>[\d]+))?"
)
# The rules of attr_list's scanner, in its order. What none of them matches ends the list.
_ATTRIBUTE = re.compile(
    r"""(?P<double>[^ =}]+=".*?")|(?P<single>[^ =}]+='.*?')|(?P<pair>[^ =}]+=[^ =}]+)"""
    r"""|(?P<word>[^ =}]+)|(?P<space>\ )"""
)

_MOST_OPTIONS = 12
"""More quoted options than a header has; `_OPENING` needs time exponential in their number."""

_ID = re.compile(r"[a-z][a-z0-9-]*")
# For the advice only: what may be meant as a pair, a class, an id or a word.
_TOKEN = re.compile(r"""[\w-]+=(?:"[^"]*"|'[^']*'|[^\s{}"']+)|[^\s{}]+""")
_WORD = re.compile(r"[\w+#-]+")
_NUMBERS = ("hl_lines", "linenums")
_TITLE = re.compile(r"[\w./()+-]+")
_CLASSES = SNIPPET_CLASSES | RENDERER_CLASSES | {OUTPUT_CLASS}
# Not misspelt: languages of their own whose names are close to Python's.
_RELATIVES = frozenset(
    {"cython", "ipython", "jython", "rpython", "brython", "python2", "py2", "pyi", "pypy", "pyx"}
)


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """How the project's configuration changes which headers are taken.

    `pygments` is pymdownx.highlight's `use_pygments`, `relaxed` is SuperFences'
    `relaxed_headers`, and `custom` are the names of its `custom_fences`, where `*` means that
    nothing is highlighted.
    """

    pygments: bool = True
    relaxed: bool = False
    custom: frozenset[str] = frozenset()

    def check(self, language: str) -> bool:
        """Return whether options of a fence in `language` are checked at all."""
        return self.pygments and not self.custom & {"*", language}


DEFAULT_RULES = HeaderRules()


@dataclass(frozen=True, slots=True)
class Header:
    """What a fence says of itself.

    `language` is what the renderer uses, as written, and "" for none; it isn't among `classes`.
    `attributes` are in the order of the header; one without a value has "" in the brace form and
    its own name in the bare form, which is what the renderer makes of it. `brace` says which of
    the two forms it is.
    """

    language: str
    id: str | None
    classes: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    brace: bool

    @property
    def is_python(self) -> bool:
        """Whether the fence is a snippet."""
        return is_python(self.language)

    def get(self, key: str) -> str | None:
        """Return the value of the attribute `key`, or None when there is none."""
        return dict(self.attributes).get(key)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the renderer doesn't take a line for the opening of a fence, and what to write."""

    reason: str
    instead: str


@dataclass(frozen=True, slots=True)
class Directives:
    """What the header of a Python fence asks of Linernotes.

    `continues` is None, True for the snippet before, or the id of another one. `norun` and `skip`
    hold the author's reason. `timeout` is in seconds.
    """

    id: str | None = None
    title: str | None = None
    continues: Literal[True] | str | None = None
    hidden: bool = False
    norun: str | None = None
    skip: str | None = None
    raises: str | None = None
    timeout: float | None = None


def is_python(language: str) -> bool:
    """Return whether a fence with this language is a snippet. Case doesn't matter to Pygments."""
    return language.lower() in PYTHON_LANGUAGES


@lru_cache(maxsize=4096)
def parse(opening: str, rules: HeaderRules = DEFAULT_RULES) -> Header | Refusal:
    """Return the header of the line `opening`, which starts with its backticks or tildes.

    Tabs are expanded and what is before the fence is removed already.
    """
    match = _OPENING.match(opening) if _has_few_options(opening) else None
    if match is None or match["unrecognized"]:
        if match is not None and rules.relaxed:
            return Header(match["lang"] or "", None, (), (), brace=False)
        return _refusal(opening, _unreadable(opening))
    language = match["lang"] or ""
    if match["attrs"]:
        header, objection = _brace_header(language, match["attrs"], rules)
    else:
        header, objection = _bare_header(language, match["options"] or "", rules)
    if objection is None or (rules.relaxed and not header.brace):
        return header
    if rules.relaxed:
        return Header(language, header.id, header.classes, (), brace=True)
    return _refusal(opening, objection)


def directives(header: Header, page: str, line: int) -> tuple[Directives, tuple[Finding, ...]]:
    """Return what the header of a Python fence at `page`:`line` asks for, and what is wrong in it.

    What is wrong is left out of the directives, except that `norun` and `skip` without a reason
    hold "": the author's wish not to run the snippet is clear.
    """
    values = dict(header.attributes)
    norun, skip = "norun" in header.classes, "skip" in header.classes
    reason = values.get("reason", "").strip()
    timeout, timeout_problem = _timeout(values.get("timeout"))
    problems = [
        *_unknown(header, SNIPPET_CLASSES, SNIPPET_KEYS),
        _id_problem(header.id),
        _reason_problem(norun=norun, skip=skip, given="reason" in values, reason=reason),
        _continue_problem(values.get("continue")),
        _raises_problem(values.get("raises")),
        timeout_problem,
    ]
    continues = values.get("continue") or ("continue" in header.classes or None)
    raises = values.get("raises")
    found = Directives(
        id=header.id if header.id and _ID.fullmatch(header.id) else None,
        title=values.get("title") or None,
        continues=continues,
        hidden="hidden" in header.classes,
        norun=reason if norun else None,
        skip=reason if skip else None,
        raises=raises if raises and _is_dotted(raises) else None,
        timeout=timeout,
    )
    return found, tuple(error(code, page, line, *said) for code, *said in filter(None, problems))


def misnamed(header: Header, page: str, line: int) -> tuple[Finding, ...]:
    """Return what is wrong with a header that `directives` isn't asked about.

    Each of these slips would silently take a snippet or its output out of the tests.
    """
    return tuple(
        (error if severity == "error" else warning)(code, page, line, message, hint)
        for severity, code, message, hint in _slips(header)
    )


_Slip = tuple[str, str, str, str]
_Problem = tuple[str, str, str]


@lru_cache(maxsize=4096)
def _slips(header: Header) -> tuple[_Slip, ...]:
    if header.is_python:
        return _output_in_python(header)
    if header.brace and (header.language in SNIPPET_CLASSES or header.language == OUTPUT_CLASS):
        language = "text" if header.language == OUTPUT_CLASS else "python"
        return (
            (
                "error",
                "bad-fence-header",
                f"the first class of a header is the language, which here is `{header.language}`",
                f"write the language first: {{ .{language} .{header.language} … }}",
            ),
        )
    if not header.language:
        names = [key for key, value in header.attributes if not value and is_python(key)]
        if header.brace and names:
            return (
                (
                    "error",
                    "bad-fence-header",
                    f"`{names[0]}` without a dot is an attribute, so this fence has no language",
                    f"write {{ .{names[0]} … }}",
                ),
            )
        return ()
    if OUTPUT_CLASS in header.classes:
        found = _unknown(header, frozenset({OUTPUT_CLASS}), frozenset())
        return tuple(("error", *problem) for problem in found)
    return _near_python(header.language)


def _output_in_python(header: Header) -> tuple[_Slip, ...]:
    if OUTPUT_CLASS not in header.classes:
        return ()
    return (
        (
            "error",
            "bad-fence-header",
            "a fence is either Python or the output of it",
            "write { .text .output } for the output, or drop `.output`",
        ),
    )


def _near_python(language: str) -> tuple[_Slip, ...]:
    name = language.lower()
    if name in _RELATIVES or not _near(name, ("python", "python3"), 0.8):
        return ()
    return (
        (
            "warning",
            "near-python",
            f"a fence in `{language}` isn't run: is it meant to be Python?",
            "write `python`",
        ),
    )


def _has_few_options(opening: str) -> bool:
    bare = opening.partition("{")[0]
    return bare.count('="') + bare.count("='") <= _MOST_OPTIONS


def _brace_header(language: str, attrs: str, rules: HeaderRules) -> tuple[Header, str | None]:
    """Return the header and what the renderer objects to (SuperFences' `handle_attrs`)."""
    name = None
    classes: list[str] = []
    values: dict[str, str | None] = {}
    for key, value in _attributes(attrs):
        if key == "id":
            name = value
        elif key == ".":
            classes.append(value or "")
        else:
            values[key] = value
    if not language:
        language = classes.pop(0) if classes else ""
    # A value of None makes the validator raise, and SuperFences then gives the fence up.
    objection = None
    for key in _NUMBERS:
        if rules.check(language) and values.get(key, "") is None:
            objection = f"`{key}` needs a value"
    pairs = tuple((key, value or "") for key, value in values.items())
    return Header(language, name or None, tuple(classes), pairs, brace=True), objection


def _attributes(attrs: str) -> Iterable[tuple[str, str | None]]:
    """Yield the attributes as attr_list does: "." for a class, "id" for an id."""
    position = 0
    while match := _ATTRIBUTE.match(attrs, position):
        if match.end() == position:
            return
        position = match.end()
        text = match.group()
        key, equals, value = text.partition("=")
        if match.lastgroup == "space":
            continue
        if equals:
            quote = {"double": '"', "single": "'"}.get(match.lastgroup or "")
            yield key, value.strip(quote) if quote else value
        elif text.startswith("."):
            yield ".", text[1:]
        elif text.startswith("#"):
            yield "id", text[1:]
        else:
            yield text, None


def _bare_header(language: str, options: str, rules: HeaderRules) -> tuple[Header, str | None]:
    """Return the header and what the renderer objects to (SuperFences' `parse_options`)."""
    values = {
        match["key"]: match["key"] if match["value"] is None else match["value"]
        for match in _OPTIONS.finditer(options)
    }
    header = Header(language, None, (), tuple(values.items()), brace=False)
    known = rules.pygments and "*" not in rules.custom
    for key, value in values.items():
        if not known or key not in RENDERER_KEYS:
            return header, f"`{key}` isn't an option of this form"
        pattern = {"hl_lines": _HL_LINES, "linenums": _LINENUMS}.get(key)
        if pattern is not None and not pattern.match(value):
            return header, f'`{key}="{value}"` isn\'t a list of numbers'
    return header, None


def _unreadable(opening: str) -> str:
    if "{" in opening and "}" not in opening:
        return "its brace is never closed"
    if re.match(r"[`~]+[ \t]*[^\s{}]+\{", opening):
        return "there is no space before its brace"
    return "it is neither the bare form nor the brace form"


def _refusal(opening: str, reason: str) -> Refusal:
    fence = opening[: len(opening) - len(opening.lstrip(opening[0]))]
    return Refusal(reason, f"{fence} {_brace_form(opening[len(fence) :])}")


def _brace_form(info: str) -> str:
    """Return a header the renderer takes, made of what can be understood of `info`."""
    language, title = "", []
    classes, pairs = [], {}
    for token in _TOKEN.findall(info):
        name, equals, value = token.partition("=")
        if equals:
            pairs[name] = value.strip("\"'")
        elif token[0] == "#" and language:
            pairs["id"] = token[1:]
        elif not language:
            language = (_WORD.match(token.lstrip(".")) or [""])[0]
        elif token.lstrip(".") in _CLASSES:
            classes.append(token.lstrip("."))
        elif token in RENDERER_KEYS | SNIPPET_KEYS:
            pairs[token] = "1" if token in _NUMBERS else "…"
        elif _TITLE.fullmatch(token):
            title.append(token)
    if title and "title" not in pairs:
        pairs["title"] = " ".join(title)
    name = pairs.pop("id", None)
    known = RENDERER_KEYS | SNIPPET_KEYS
    parts = [f".{language or 'text'}", *([f"#{name}"] if name else []), *(f".{x}" for x in classes)]
    parts += [
        f'{key}="{value}"'
        for key, value in pairs.items()
        if value and (key in known or not is_python(language))
    ]
    return " ".join(["{", *parts, "}"])


def _unknown(header: Header, classes: frozenset[str], keys: frozenset[str]) -> list[_Problem]:
    classes, keys = classes | RENDERER_CLASSES, keys | RENDERER_KEYS
    problems: list[_Problem] = [
        ("unknown-class", f"there is no class `.{name}`", _advice(name, classes, keys))
        for name in header.classes
        if name not in classes
    ]
    problems += [
        ("unknown-attribute", f"there is no attribute `{key}`", _advice(key, classes, keys))
        for key, _ in header.attributes
        if key not in keys and not key.startswith("data-")
    ]
    return problems


def _advice(name: str, classes: Iterable[str], keys: Iterable[str]) -> str:
    ways = {key: f'{key}="…"' for key in sorted(keys)} | {one: f".{one}" for one in sorted(classes)}
    near = _near(name.lower().replace("_", "-"), ways, 0.7)
    if near is not None:
        return f"did you mean `{ways[near]}`?"
    return "known are " + ", ".join(f"`{way}`" for way in ways.values())


def _near(name: str, names: Iterable[str], cutoff: float) -> str | None:
    import difflib  # noqa: PLC0415  # only where something is wrong

    found = difflib.get_close_matches(name, list(names), n=1, cutoff=cutoff)
    return found[0] if found else None


def _id_problem(name: str | None) -> _Problem | None:
    if name is None or _ID.fullmatch(name):
        return None
    better = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not _ID.fullmatch(better):
        better = f"snippet-{better}".rstrip("-")
    return (
        "bad-id",
        f"`#{name}` isn't an id: use lower-case letters, digits and hyphens, a letter first",
        f"write `#{better}`",
    )


def _reason_problem(*, norun: bool, skip: bool, given: bool, reason: str) -> _Problem | None:
    name = "skip" if skip else "norun"
    if norun and skip:
        return (
            "skip-and-norun",
            "`.skip` and `.norun` exclude each other",
            "keep `.norun` to have it type-checked still, `.skip` to leave it alone",
        )
    if (norun or skip) and not reason:
        return (
            "missing-reason",
            f"`.{name}` has no reason",
            f'say why: `.{name} reason="…"`',
        )
    if given and not (norun or skip):
        return (
            "stray-reason",
            "`reason` belongs to `.norun` or `.skip`, and here is neither",
            "add one of them, or remove `reason` to have the snippet run",
        )
    return None


def _continue_problem(target: str | None) -> _Problem | None:
    if target is None or _ID.fullmatch(target):
        return None
    return (
        "bad-continue",
        f'continue="{target}" isn\'t the id of a snippet',
        'write `continue="…"` with the id of an earlier one, or `.continue` for the one before',
    )


def _raises_problem(name: str | None) -> _Problem | None:
    if name is None or _is_dotted(name):
        return None
    return (
        "bad-raises",
        f'raises="{name}" isn\'t the name of an exception',
        'write the class with its module, such as `raises="anthropic.BadRequestError"`',
    )


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split("."))


def _timeout(value: str | None) -> tuple[float | None, _Problem | None]:
    if value is None:
        return None, None
    if re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,6})?", value) and float(value) > 0:
        return float(value), None
    return None, (
        "bad-timeout",
        f'timeout="{value}" isn\'t a number of seconds',
        'write a positive number, such as `timeout="20"`',
    )
