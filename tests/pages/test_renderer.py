"""The renderer's count: what is shown, where it comes from, and what decides it."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_pages import HOUSE, PAGES, shown_by_mkdocs

from linernotes.pages.dialect import dialect
from linernotes.pages.extensions import load_extensions
from linernotes.pages.fences import scan
from linernotes.pages.renderer import RenderedFence, rendered_fences


def shown(text, extensions=HOUSE.extensions, configs=HOUSE.configs):
    return rendered_fences(text, extensions, configs)


def test_fences_are_counted_in_the_order_of_the_page():
    text = "[^1]: note\n\n    ```python\n    a\n    ```\n\ntext[^1]\n\n```py\nb\n```\n"
    assert shown(text) == (RenderedFence("python", "a", 3), RenderedFence("py", "b", 9))


def test_code_that_superfences_gives_back_isnt_counted():
    assert shown("text\n\n    ```python\n    x\n    ```\n") == ()


def test_a_fence_in_a_heading_is_counted_once():
    assert shown("[TOC]\n\n```python\nx\n```\n===\n") == (RenderedFence("python", "x", 3),)


def test_pages_dont_leak_into_each_other():
    text = "a[^1]\n\n[^1]: n\n\n    ```python\n    x\n    ```\n"
    assert shown(text) == shown(text)
    assert shown("text\n") == ()
    assert shown("") == ()


def test_without_superfences_markdowns_own_fences_are_counted():
    text = dedent(
        """\
        ```python hl_lines="1"
        a < b
        ```

        ``` { .python #id .norun reason="x" }
        c
        ```

        ```python title="not taken"
        d
        ```

        - item

            ```python
            not a fence
            ```

        ~~~
        e

        ~~~
        """
    )
    found = rendered_fences(text, ["fenced_code", "attr_list"], {})
    assert [(one.language, one.source, one.line) for one in found][:2] == [
        ("python", "a < b", 1),
        ("python", "c", 5),
    ]
    assert found[-1] == RenderedFence("", "e\n", 19)


def test_the_extension_that_is_loaded_last_finds_the_fences():
    text = "- a\n\n    ```python\n    x\n    ```\n"
    assert len(rendered_fences(text, ["fenced_code", "pymdownx.superfences"], {})) == 1
    assert rendered_fences(text, ["pymdownx.superfences", "extra"], {}) == ()
    assert len(rendered_fences(text, ["extra", "pymdownx.extra"], {})) == 1
    for extensions in (["pymdownx.superfences", "extra"], ["extra", "pymdownx.extra"]):
        found, _ = scan(text, "page.md", 1, dialect(extensions, {}))
        assert [one.line for one in found] == [
            one.line for one in rendered_fences(text, extensions, {})
        ]


@pytest.fixture
def including(tmp_path):
    """Return the extensions and configuration of a project whose pages include files."""
    (tmp_path / "part.md").write_text("text\n\n```python\nincluded\n```\n")
    (tmp_path / "code.py").write_text("one\n\ntwo\n")
    configs = {"pymdownx.snippets": {"base_path": [str(tmp_path)], "check_paths": True}}
    return [*HOUSE.extensions], configs


def test_fences_of_included_files_are_shown_but_not_on_the_page(including):
    text = 'a\n\n--8<-- "part.md"\n\n```py\nb\n```\n'
    assert rendered_fences(text, *including) == (
        RenderedFence("python", "included", None),
        RenderedFence("py", "b", 5),
    )
    ((fence,), _) = scan(text, "page.md", 1, dialect(*including))
    assert (fence.line, fence.end_line, fence.source) == (5, 7, "b")


def test_included_code_is_the_code_of_the_fence_that_includes_it(including):
    text = 'a\n\n```python\nx\n--8<-- "code.py"\ny\n```\n'
    assert rendered_fences(text, *including) == (RenderedFence("python", "x\none\n\ntwo\n\ny", 3),)
    ((fence,), _) = scan(text, "page.md", 11, dialect(*including))
    assert (fence.line, fence.end_line) == (13, 17)
    assert list(fence.source_lines) == [14, 15, 15, 15, 15, 16]


def test_what_is_wrong_in_an_included_file_is_said_of_that_file(including, tmp_path):
    (tmp_path / "part.md").write_text('```python reason="x"\nx\n')
    text = '--8<-- "part.md"\n\n```python\ny\n'
    _, (finding,) = scan(text, "page.md", 1, dialect(*including))
    assert (finding.code, finding.line) == ("unclosed-fence", 3)


def test_escaped_includes_are_shown_as_they_would_be_written(including):
    text = '```text\n;--8<-- "code.py"\n```\n'
    assert rendered_fences(text, *including)[0].source == '--8<-- "code.py"'
    ((fence,), _) = scan(text, "page.md", 1, dialect(*including))
    assert fence.source == '--8<-- "code.py"'
    assert list(fence.source_lines) == [2]


def test_a_missing_include_is_left_out_and_nothing_is_downloaded(including):
    extensions, configs = including
    configs["pymdownx.snippets"]["url_download"] = True
    text = '--8<-- "no.md"\n\n--8<-- "http://127.0.0.1:9/x.md"\n\n```py\nb\n```\n'
    assert rendered_fences(text, extensions, configs) == (RenderedFence("py", "b", 5),)


def test_fences_of_files_appended_to_every_page_are_shown(including):
    extensions, configs = including
    configs["pymdownx.snippets"]["auto_append"] = ["part.md"]
    text = "```py\nb\n```\n"
    assert [one.line for one in rendered_fences(text, extensions, configs)] == [1, None]
    fences, _ = scan(text, "page.md", 1, dialect(extensions, configs))
    assert [one.line for one in fences] == [1]


def test_a_file_appended_to_every_page_may_close_its_fences(including, tmp_path):
    extensions, configs = including
    (tmp_path / "end.md").write_text("```\n")
    configs["pymdownx.snippets"]["auto_append"] = ["end.md"]
    ((fence,), findings) = scan("```py\nb\n", "page.md", 1, dialect(extensions, configs))
    assert (fence.line, fence.source.strip(), findings) == (1, "b", ())


def test_an_extension_that_removes_lines_doesnt_move_the_others():
    text = "key: value\nother: x\n\n```py\nb\n```\n"
    extensions = [*HOUSE.extensions, "meta"]
    assert rendered_fences(text, extensions, {})[0].line == 4


def test_an_extension_that_rewrites_headers_and_removes_lines_moves_nothing(tmp_path, monkeypatch):
    (tmp_path / "rewriting.py").write_text(
        dedent(
            """\
            from markdown.extensions import Extension
            from markdown.preprocessors import Preprocessor

            class Rewriting(Preprocessor):
                def run(self, lines):
                    return [one.replace("py ", "python ") for one in lines if one != "gone"]

            class makeExtension(Extension):
                def extendMarkdown(self, md):
                    md.preprocessors.register(Rewriting(), "rewriting", 50)
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    text = 'a\n\n```py title="x"\nb\n```\n\ngone\n\n```py title="y"\nc\n```\n'
    found = rendered_fences(text, ["pymdownx.superfences", "rewriting"], {})
    assert found == (RenderedFence("python", "b", 3), RenderedFence("python", "c", 9))


def test_custom_fences_are_counted_and_their_formatters_not_run():
    def explode(*_args, **_options):
        raise AssertionError

    configs = {
        "pymdownx.superfences": {
            "custom_fences": [{"name": "mermaid", "class": "mermaid", "format": explode}]
        }
    }
    text = "```mermaid\nx\n```\n\n```python\ny\n```\n"
    found = rendered_fences(text, ["pymdownx.superfences"], configs)
    assert [one.language for one in found] == ["mermaid", "python"]


def test_a_validator_of_a_custom_fence_has_the_last_word():
    def accept(_language, inputs, options, _attrs, _md):
        options.update(inputs)
        return True

    configs = {
        "pymdownx.superfences": {
            "custom_fences": [{"name": "python", "class": "x", "validator": accept}]
        }
    }
    text = '```python exec="on"\nx\n\n```\n'
    extensions = ["pymdownx.superfences"]
    assert rendered_fences(text, extensions, configs) == (RenderedFence("python", "x\n", 1),)
    (fence,), findings = scan(text, "page.md", 1, dialect(extensions, configs))
    assert (fence.language, fence.header_text, findings) == ("python", 'python exec="on"', ())


def test_headers_may_be_relaxed_by_the_configuration():
    text = "```python foo bar\nx\n\n```\n"
    relaxed = {"relaxed_headers": True}
    for extension, configs in (
        ("pymdownx.superfences", {"pymdownx.superfences": relaxed}),
        ("pymdownx.extra", {"pymdownx.extra": {"pymdownx.superfences": relaxed}}),
    ):
        (fence,), findings = scan(text, "page.md", 1, dialect([extension], configs))
        assert (fence.language, fence.source, findings) == ("python", "x\n", ())
        assert scan(text, "page.md", 1, dialect([extension], {}))[0] == ()


def test_preserved_tabs_are_columns_all_the_same():
    configs = {"pymdownx.superfences": {"preserve_tabs": True}}
    extensions = ["pymdownx.superfences"]
    text = "- a\n\n\t```make\n\ta:\n\t\tb\n\t```\n\n```py\nx\n```\n"
    found = rendered_fences(text, extensions, configs)
    assert found == (RenderedFence("make", "a:\n    b", 3), RenderedFence("py", "x", 8))
    fences, _ = scan(text, "page.md", 1, dialect(extensions, configs))
    assert [(one.line, one.source) for one in fences] == [(3, "a:\n    b"), (8, "x")]


def test_markdowns_own_fences_need_braces_that_match():
    text = "``` { .a } }\nx\n```\n\n```py\ny\n```\n"
    found = rendered_fences(text, ["fenced_code"], {})
    assert found == (RenderedFence("", "\n```py\ny", 3),)


def test_options_that_the_configuration_switches_off_are_refused():
    configs = {"pymdownx.highlight": {"use_pygments": False}}
    extensions = ["pymdownx.superfences", "pymdownx.highlight"]
    text = '```python title="x"\ny\n```\n'
    assert rendered_fences(text, extensions, configs) == ()
    fences, (finding,) = scan(text, "page.md", 1, dialect(extensions, configs))
    assert fences == ()
    assert finding.code == "bad-fence-header"


@settings(max_examples=100, deadline=None)
@given(PAGES, st.sampled_from(["pymdownx.critic", "sane_lists", "pymdownx.blocks.tab", "meta"]))
def test_extensions_that_only_the_renderer_knows_are_followed(text, extension):
    extensions = [*HOUSE.extensions, extension]
    fences, _ = scan(text, "page.md", 1, dialect(extensions, HOUSE.configs))
    found = shown(text, extensions)
    assert [(one.line, one.source) for one in fences] == [
        (one.line, one.source) for one in found if one.line is not None
    ]


@pytest.fixture
def mkdocs_yml(tmp_path):
    """Return a function that writes `mkdocs.yml` and says which fences its project shows."""

    def write(content, name="mkdocs.yml"):
        path = tmp_path / name
        path.write_text(dedent(content))
        return path

    return write


def test_a_project_without_extensions_has_those_of_mkdocs(mkdocs_yml):
    names, configs, findings = load_extensions(mkdocs_yml("site_name: x\n"))
    assert (names, configs, findings) == (["toc", "tables", "fenced_code"], {}, ())


def test_extensions_are_read_from_a_list(mkdocs_yml):
    names, configs, findings = load_extensions(
        mkdocs_yml(
            """\
            markdown_extensions:
              - admonition
              - toc:
                  permalink: true
              - pymdownx.superfences
              - pymdownx.tabbed:
                  alternate_style: true
              - admonition
            """
        )
    )
    assert names == [
        *("toc", "tables", "fenced_code", "admonition", "pymdownx.superfences", "pymdownx.tabbed"),
    ]
    assert configs == {"toc": {"permalink": True}, "pymdownx.tabbed": {"alternate_style": True}}
    assert findings == ()


def test_extensions_are_read_from_a_mapping(mkdocs_yml):
    names, configs, _ = load_extensions(
        mkdocs_yml("markdown_extensions: {admonition: , pymdownx.tabbed: {alternate_style: true}}")
    )
    assert names[3:] == ["admonition", "pymdownx.tabbed"]
    assert configs == {"pymdownx.tabbed": {"alternate_style": True}}


def test_tags_of_mkdocs_are_understood(mkdocs_yml, monkeypatch):
    monkeypatch.setenv("TABS", "true")
    path = mkdocs_yml(
        """\
        markdown_extensions:
          - pymdownx.tabbed:
              alternate_style: !ENV [NO_SUCH_THING, TABS, false]
              slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}
          - pymdownx.emoji:
              emoji_index: !!python/name:material.extensions.emoji.twemoji
          - pymdownx.snippets:
              base_path: [!relative $config_dir/parts, other]
          - pymdownx.superfences:
              custom_fences:
                - name: mermaid
                  class: mermaid
                  format: !!python/name:pymdownx.superfences.fence_code_format
                - name: odd
                  class: odd
                  validator: !!python/name:no_such.module.validator
        """
    )
    names, configs, findings = load_extensions(path)
    assert findings == ()
    assert configs["pymdownx.tabbed"]["alternate_style"] is True
    assert configs["pymdownx.snippets"]["base_path"] == [
        str(path.parent / "parts"),
        str(path.parent / "other"),
    ]
    text = "```mermaid\nx\n```\n\n```python\ny\n```\n"
    assert [one.language for one in rendered_fences(text, names, configs)] == ["mermaid", "python"]


def test_a_validator_that_the_configuration_names_is_asked(mkdocs_yml, tmp_path, monkeypatch):
    (tmp_path / "own_validator.py").write_text("def accept(*_):\n    return True\n")
    monkeypatch.syspath_prepend(tmp_path)
    path = mkdocs_yml(
        """\
        markdown_extensions:
          - pymdownx.superfences:
              custom_fences:
                - {name: odd, class: odd, validator: !!python/name:own_validator.accept }
        """
    )
    names, configs, _ = load_extensions(path)
    found = rendered_fences("```odd any='x'\na\n```\n", names, configs)
    assert found == (RenderedFence("odd", "a", 1),)


def test_paths_of_snippets_are_relative_to_the_project(mkdocs_yml, tmp_path):
    (tmp_path / "part.md").write_text("```python\nx\n```\n")
    names, configs, _ = load_extensions(
        mkdocs_yml("markdown_extensions: [pymdownx.superfences, pymdownx.snippets]")
    )
    assert rendered_fences('--8<-- "part.md"\n', names, configs) == (
        RenderedFence("python", "x", None),
    )


def test_an_inherited_configuration_counts(mkdocs_yml):
    mkdocs_yml("markdown_extensions: {admonition: {}, toc: {permalink: true}}", "base.yml")
    names, configs, _ = load_extensions(
        mkdocs_yml("INHERIT: base.yml\nmarkdown_extensions: {toc: {title: x}, pymdownx.details: }")
    )
    assert names[3:] == ["admonition", "pymdownx.details"]
    assert configs == {"toc": {"permalink": True, "title": "x"}}


def test_a_configuration_that_inherits_from_itself_is_read(mkdocs_yml):
    path = mkdocs_yml("INHERIT: mkdocs.yml\nmarkdown_extensions: [admonition]")
    assert load_extensions(path)[0][3:] == ["admonition"]


def test_an_extension_that_isnt_installed_is_a_finding(mkdocs_yml):
    names, configs, (finding,) = load_extensions(
        mkdocs_yml("markdown_extensions: [admonition, no_such_thing.at_all: {a: 1}]")
    )
    assert (names[3:], configs) == (["admonition"], {})
    assert (finding.code, finding.page) == ("unknown-extension", "mkdocs.yml")
    assert "no_such_thing.at_all" in finding.message


def test_extensions_of_other_packages_are_taken(mkdocs_yml):
    names, _, findings = load_extensions(
        mkdocs_yml("markdown_extensions: [legacy_em, sane_lists, 'pymdownx.quotes', json]")
    )
    assert (names[3:], findings) == (["legacy_em", "sane_lists", "pymdownx.quotes", "json"], ())
    assert len(rendered_fences("```\nx\n```\n", names, {})) == 1


@pytest.mark.parametrize(
    "content", ["", "[]", "a: [", "markdown_extensions: 3", "markdown_extensions: [3, [a]]", "\x00"]
)
def test_a_configuration_that_makes_no_sense_counts_as_empty(mkdocs_yml, content):
    assert load_extensions(mkdocs_yml(content))[0] == ["toc", "tables", "fenced_code"]


def test_a_missing_configuration_counts_as_empty(tmp_path):
    assert load_extensions(tmp_path / "mkdocs.yml")[0] == ["toc", "tables", "fenced_code"]


def test_the_count_is_that_of_the_finished_html():
    text = "# A\n\n```python\nx\n```\n\n- b\n\n    ```\n    y\n    ```\n\n<!--\n```\nz\n```\n-->\n"
    assert [(one.language, one.source) for one in shown(text)] == shown_by_mkdocs(text)
