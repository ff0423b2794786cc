"""Headers mean what SuperFences makes of them, and directives what the design says."""

from __future__ import annotations

from typing import Any

import markdown
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown.extensions import attr_list
from pymdownx import superfences

from linernotes.pages import headers
from linernotes.pages.headers import (
    Directives,
    Header,
    HeaderRules,
    Refusal,
    directives,
    is_python,
    misnamed,
    parse,
)


def squeezed(pattern):
    return "".join(pattern.pattern.split())


def test_the_patterns_are_those_of_the_installed_superfences():
    assert squeezed(headers._OPENING) == squeezed(superfences.RE_NESTED_FENCE_START)
    assert squeezed(headers._OPTIONS) == squeezed(superfences.RE_OPTIONS)
    assert headers._HL_LINES.pattern == superfences.RE_HL_LINES.pattern
    assert headers._LINENUMS.pattern == superfences.RE_LINENUMS.pattern


@given(st.text(st.sampled_from("ab1 =.#\"'{}-x"), max_size=25))
def test_attribute_lists_are_read_as_by_markdown(text):
    assert list(headers._attributes(text)) == [tuple(one) for one in attr_list.get_attrs(text)]


WORDS = st.sampled_from(
    [
        *(
            "python",
            ".py",
            "c++",
            "title",
            'title="a b"',
            "title='x'",
            'hl_lines="1-2 4"',
            "hl_lines",
        ),
        *(
            'hl_lines="x"',
            'linenums="1 2"',
            "linenums",
            'linenums=""',
            "title=x",
            "x",
            'x="1"',
            "1",
        ),
        *("{", "}", "{}", ".a", "#b", "{.python", "#c}", "=", '"', "title_mode='html'", "data-x=1"),
        *(" ", "  ", "\t", "\xa0", "`", "~", "é", ".", "#", "{ .x #y", 'title="a}'),
    ]
)
RULES = (
    (HeaderRules(), {}, {}),
    (HeaderRules(pygments=False), {}, {"use_pygments": False}),
    (HeaderRules(relaxed=True), {"relaxed_headers": True}, {}),
    (
        HeaderRules(custom=frozenset({"python"})),
        {"custom_fences": [{"name": "python", "class": "p"}]},
        {},
    ),
    (
        HeaderRules(custom=frozenset({"*"})),
        {"custom_fences": [{"name": "*", "class": "p"}]},
        {},
    ),
)


def superfences_says(opening, settings, highlighting):
    """Return language, id and classes as SuperFences hands them on, or None for no fence."""
    found = []

    def keep(*, src, language, classes, id_value, **_):
        found.append((language or "", id_value or None, tuple(classes)))
        return "<pre></pre>"

    md = markdown.Markdown(
        extensions=["attr_list", "pymdownx.superfences", "pymdownx.highlight"],
        extension_configs={
            "pymdownx.superfences": settings,
            "pymdownx.highlight": highlighting,
        },
    )
    fenced: Any = md.preprocessors["fenced_code_block"]
    for entry in fenced.extension.superfences:
        entry["formatter"] = keep
    fence = opening[: len(opening) - len(opening.lstrip("`"))]
    md.convert(f"{opening}\nx\n{fence}")
    return found[0] if found else None


@settings(max_examples=300, deadline=None)
@given(
    words=st.lists(st.tuples(st.sampled_from(["", " ", " "]), WORDS), max_size=5),
    rules=st.sampled_from(RULES),
)
def test_a_header_is_taken_or_refused_as_by_superfences(words, rules):
    opening = ("```" + "".join(gap + word for gap, word in words)).expandtabs(4)
    header = parse(opening, rules[0])
    said = superfences_says(opening, *rules[1:])
    if isinstance(header, Refusal):
        assert said is None
    else:
        assert (header.language, header.id, header.classes) == said


@settings(max_examples=200, deadline=None)
@given(words=st.lists(st.tuples(st.sampled_from(["", " ", " "]), WORDS), max_size=5))
def test_what_is_proposed_instead_is_a_header(words):
    opening = ("```" + "".join(gap + word for gap, word in words)).expandtabs(4)
    header = parse(opening)
    if isinstance(header, Refusal) and "`" not in opening[3:]:
        assert superfences_says(header.instead, {}, {}) is not None


def test_the_bare_form_is_read():
    assert parse('```python title="a b.py" hl_lines="1"') == Header(
        "python", None, (), (("title", "a b.py"), ("hl_lines", "1")), brace=False
    )


def test_the_brace_form_is_read():
    assert parse('~~~~ { .python #one .continue reason="x y" flag }') == Header(
        "python", "one", ("continue",), (("reason", "x y"), ("flag", "")), brace=True
    )


def test_an_option_without_a_value_has_its_own_name_for_one():
    assert parse("```python title") == Header(
        "python", None, (), (("title", "title"),), brace=False
    )
    assert parse('```python title=""') == Header("python", None, (), (("title", ""),), brace=False)


def test_an_option_without_its_value_matters_only_where_code_is_highlighted():
    opening = "``` { .python linenums }"
    assert isinstance(parse(opening), Refusal)
    assert isinstance(parse(opening, HeaderRules(pygments=False)), Header)
    assert isinstance(parse(opening, HeaderRules(custom=frozenset({"python"}))), Header)
    assert isinstance(parse(opening, HeaderRules(custom=frozenset({"text"}))), Refusal)


def test_a_fence_without_a_header_has_no_language():
    assert parse("```") == Header("", None, (), (), brace=False)


def test_a_header_of_very_many_options_is_refused_quickly():
    opening = "```python " + " ".join(f'a{n}="b"' for n in range(60)) + " !"
    assert isinstance(parse(opening), Refusal)


@pytest.mark.parametrize("language", ["python", "py", "python3", "py3", "Python"])
def test_snippets_are_python(language):
    assert is_python(language)


@pytest.mark.parametrize("language", ["pycon", "pytb", "", "text", "cython", "python2"])
def test_sessions_tracebacks_and_other_languages_are_no_snippets(language):
    assert not is_python(language)


def asked(opening):
    header = parse(opening)
    assert isinstance(header, Header)
    return directives(header, "docs/page.md", 7)


GOOD = {
    "nothing": ("```python", Directives()),
    "a title": ('```py title="a.py" linenums="1"', Directives(title="a.py")),
    "an id": ("``` { .python #a-1 }", Directives(id="a-1")),
    "to continue": ("``` { .python .continue }", Directives(continues=True)),
    "to continue an id": ('``` { .python continue="a-1" }', Directives(continues="a-1")),
    "to be hidden": ("``` { .python .hidden }", Directives(hidden=True)),
    "not to run": ('``` { .python .norun reason="why" }', Directives(norun="why")),
    "to be skipped": ('``` { .python .skip reason=" why " }', Directives(skip="why")),
    "to raise": ('``` { .python raises="a.b.Error" }', Directives(raises="a.b.Error")),
    "time": ('``` { .python timeout="2.5" }', Directives(timeout=2.5)),
    "what the theme knows": ("``` { .python .annotate .no-copy .select }", Directives()),
    "what the renderer knows": ('``` { .python hl_lines="1" data-x="y" }', Directives()),
}


@pytest.mark.parametrize(("opening", "wanted"), GOOD.values(), ids=GOOD)
def test_a_header_may_ask_for(opening, wanted):
    assert asked(opening) == (wanted, ())
    header = parse(opening)
    assert isinstance(header, Header)
    assert misnamed(header, "docs/page.md", 7) == ()


BAD = {
    "a class with a slip": ("{ .python .contine }", "unknown-class", "`.continue`"),
    "a class in capitals": ("{ .python .NoRun }", "unknown-class", "`.norun`"),
    "a class like nothing": ("{ .python .zzz }", "unknown-class", "known are"),
    "a key with a slip": ('{ .python tiemout="2" }', "unknown-attribute", '`timeout="…"`'),
    "a class without its dot": ("{ .python hidden }", "unknown-attribute", "`.hidden`"),
    "a class that takes a value": ('{ .python .norun="x" }', "unknown-attribute", "`.norun`"),
    "no reason not to run": ("{ .python .norun }", "missing-reason", "reason="),
    "an empty reason to skip": ('{ .python .skip reason=" " }', "missing-reason", ".skip"),
    "a reason for nothing": ('{ .python reason="x" }', "stray-reason", "remove"),
    "skip and norun": ('{ .python .skip .norun reason="x" }', "skip-and-norun", "keep"),
    "no time": ('{ .python timeout="0" }', "bad-timeout", 'timeout="20"'),
    "negative time": ('{ .python timeout="-1" }', "bad-timeout", 'timeout="20"'),
    "endless time": ('{ .python timeout="inf" }', "bad-timeout", 'timeout="20"'),
    "time in words": ('{ .python timeout="2s" }', "bad-timeout", 'timeout="20"'),
    "no exception": ('{ .python raises="" }', "bad-raises", "anthropic."),
    "an exception with a call": ('{ .python raises="E()" }', "bad-raises", "anthropic."),
    "a keyword as exception": ('{ .python raises="a.None" }', "bad-raises", "anthropic."),
    "an id in capitals": ("{ .python #My_Id }", "bad-id", "`#my-id`"),
    "an id that begins with a digit": ("{ .python #1st }", "bad-id", "`#snippet-1st`"),
    "an id of signs": ("{ .python #é }", "bad-id", "`#snippet`"),
    "nothing to continue": ('{ .python continue="" }', "bad-continue", ".continue"),
    "no id to continue": ('{ .python continue="A b" }', "bad-continue", ".continue"),
}


@pytest.mark.parametrize(("header", "code", "hint"), BAD.values(), ids=BAD)
def test_a_header_must_not_have(header, code, hint):
    _, (finding,) = asked(f"``` {header}")
    assert (finding.code, finding.severity) == (code, "error")
    assert (finding.page, finding.line) == ("docs/page.md", 7)
    assert hint in (finding.hint or "")


def test_all_that_is_wrong_is_told_at_once():
    _, findings = asked('``` { .python .hiden #A timeout="x" raises="1" }')
    assert [one.code for one in findings] == [
        *("unknown-class", "bad-id", "bad-raises", "bad-timeout"),
    ]


def test_wrong_values_are_left_out():
    wanted, _ = asked('``` { .python #A timeout="x" raises="1" .hidden }')
    assert wanted == Directives(hidden=True)


def test_a_snippet_without_a_reason_still_isnt_run():
    wanted, _ = asked("``` { .python .norun }")
    assert wanted.norun == ""
