"""The configuration of the prepared copy, derived from the project's `mkdocs.yml`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from linernotes.rendering.additions import SCRIPT, STYLES
from linernotes.rendering.current_site import ORIGINAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    import yaml


def derived_configuration(configuration: Path, docs: Path, drafts: AbstractSet[str]) -> str:
    """Return the text of a `mkdocs.yml` for the copy of the docs directory `docs`.

    It is changed as a tree of YAML nodes, so that tags such as `!!python/name:` stay what they
    are. Paths in it are made absolute where Zensical takes them from its own directory; `drafts`
    are taken out of the navigation.
    """
    import yaml  # noqa: PLC0415  # 20 ms that `--help` needn't pay

    root = yaml.compose(configuration.read_text(encoding="utf-8"), yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)  # the project has been loaded from it
    home = configuration.parent
    _put(root, "docs_dir", _node("docs"))
    _put(root, "site_dir", _node("site"))
    _change(root, "INHERIT", lambda node: _absolute(node, home))
    _change(root, "theme", lambda node: _with(node, "custom_dir", home))
    _change(root, "nav", lambda node: _without_pages(node, drafts))
    _change(root, "plugins", _without_plugin)
    _extend(root, "extra_css", STYLES, first=True)
    _extend(root, "extra_javascript", {"path": SCRIPT, "defer": True})
    _extend(root, "markdown_extensions", "linernotes")
    extra = next((value for name, value in root.value if name.value == "extra"), None)
    if not isinstance(extra, yaml.MappingNode):
        extra = _node({"generator": True})  # Zensical's default; an empty mapping has no style
        _put(root, "extra", extra)
    _put(extra, ORIGINAL, _node(str(docs)))
    return yaml.serialize(root, allow_unicode=True)


def _node(value: object) -> Any:
    import yaml  # noqa: PLC0415

    return yaml.compose(yaml.safe_dump(value), yaml.SafeLoader)


def _put(mapping: yaml.MappingNode, key: str, value: yaml.Node) -> None:
    mapping.value = [(name, old) for name, old in mapping.value if name.value != key]
    mapping.value.append((_node(key), value))


def _change(mapping: yaml.MappingNode, key: str, change: Callable[[Any], yaml.Node]) -> None:
    mapping.value = [
        (name, change(value) if name.value == key else value) for name, value in mapping.value
    ]


def _absolute(node: yaml.Node, home: Path) -> yaml.Node:
    return _node(os.path.normpath(home / str(node.value)))


def _with(theme: yaml.Node, key: str, home: Path) -> yaml.Node:
    import yaml  # noqa: PLC0415

    if isinstance(theme, yaml.MappingNode):
        _change(theme, key, lambda node: _absolute(node, home))
    return theme


def _extend(mapping: yaml.MappingNode, key: str, item: object, *, first: bool = False) -> None:
    """Put `item` into a list, or a mapping with it as a key, unless it is there."""
    import yaml  # noqa: PLC0415

    held = next((value for name, value in mapping.value if name.value == key), None)
    if isinstance(held, yaml.MappingNode):
        if all(name.value != item for name, _ in held.value):
            held.value.append((_node(item), _node({})))
        return
    if not isinstance(held, yaml.SequenceNode):
        _put(mapping, key, _node([item]))
        return
    if not any(_names(one, item) for one in held.value):
        held.value.insert(0 if first else len(held.value), _node(item))


def _names(node: yaml.Node, item: object) -> bool:
    """Return whether an item of a list is `item`, or a mapping with it as its only key."""
    import yaml  # noqa: PLC0415

    if isinstance(node, yaml.MappingNode):
        return any(name.value == item for name, _ in node.value)
    return node.value == item


def _without_plugin(plugins: yaml.Node) -> yaml.Node:
    """Leave our plugin out: Zensical has none, and what it does is done in the copy."""
    import yaml  # noqa: PLC0415

    if isinstance(plugins, yaml.MappingNode):
        plugins.value = [pair for pair in plugins.value if pair[0].value != "linernotes"]
    elif isinstance(plugins, yaml.SequenceNode):
        plugins.value = [one for one in plugins.value if not _names(one, "linernotes")]
    return plugins


def _without_pages(nav: yaml.Node, paths: AbstractSet[str]) -> yaml.Node:
    import yaml  # noqa: PLC0415

    def kept(node: yaml.Node) -> bool:
        if isinstance(node, yaml.SequenceNode):
            node.value = [one for one in node.value if kept(one)]
            return bool(node.value)
        if isinstance(node, yaml.MappingNode):
            node.value = [pair for pair in node.value if kept(pair[1])]
            return bool(node.value)
        return node.value not in paths

    if paths:
        kept(nav)
    return nav
