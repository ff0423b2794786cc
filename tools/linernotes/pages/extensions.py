"""The Markdown extensions that a project enables in its `mkdocs.yml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.findings import Finding, error
from linernotes.pages.dialect import UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUILT_IN = ("toc", "tables", "fenced_code")
"""What MkDocs always enables (mkdocs/config/defaults.py, `markdown_extensions`)."""

OURS = frozenset({"linernotes", "linernotes.rendering.markdown_extension:LinernotesExtension"})
"""The names of our own extension. It takes away what pages say to us: who looks for that leaves
it out."""

Configs = dict[str, dict[str, Any]]


class PythonName(str):
    """What a `!!python/name:` tag names, such as `pymdownx.superfences.fence_code_format`."""

    __slots__ = ()


def load_extensions(mkdocs_yml: Path) -> tuple[list[str], Configs, tuple[Finding, ...]]:
    """Return the project's extensions, their configuration, and what is wrong with them.

    The first two are what `markdown.Markdown` takes as `extensions` and `extension_configs`, with
    what MkDocs adds to them (mkdocs/config/config_options.py, `MarkdownExtensions`). An extension
    that isn't installed is left out, with a finding. Plugins and hooks that add extensions while
    MkDocs runs aren't seen. A file that can't be read counts as one without extensions.
    """
    settings = _read(mkdocs_yml, frozenset())
    names: list[str] = list(BUILT_IN)
    configs: Configs = {}
    findings: list[Finding] = []
    for name, config in _entries(settings.get("markdown_extensions")):
        if not _is_installed(name):
            findings.append(_not_installed(name, mkdocs_yml.name))
            continue
        if name not in names:
            names.append(name)
        if isinstance(config, dict) and config:
            configs[name] = config
    if "pymdownx.snippets" in names:
        _anchor(configs.setdefault("pymdownx.snippets", {}), mkdocs_yml.parent)
    return names, configs, tuple(findings)


def _entries(value: object) -> Iterator[tuple[str, object]]:
    """Yield name and configuration of a list of names and one-key mappings, or of a mapping."""
    for item in [value] if isinstance(value, dict) else value if isinstance(value, list) else []:
        if isinstance(item, dict):
            yield from ((str(name), config) for name, config in item.items())
        elif isinstance(item, str):
            yield item, None


def _anchor(config: dict[str, Any], root: Path) -> None:
    """Make the paths of pymdownx.snippets absolute: MkDocs runs in the project's root."""
    bases = config.get("base_path") or ["."]
    config["base_path"] = [
        str(root / str(base)) for base in (bases if isinstance(bases, list) else [bases])
    ]


def _is_installed(name: str) -> bool:
    if name.removeprefix("markdown.extensions.") in UNDERSTOOD:
        return True
    import importlib.util  # noqa: PLC0415  # only for extensions that aren't our own dependencies
    from importlib.metadata import entry_points  # noqa: PLC0415

    if name in entry_points(group="markdown.extensions").names:
        return True
    try:
        return importlib.util.find_spec(name.partition(":")[0]) is not None
    except Exception:  # noqa: BLE001  # looking for a module imports what is around it
        return False


def _not_installed(name: str, page: str) -> Finding:
    return error(
        "unknown-extension",
        page,
        None,
        f"the Markdown extension `{name}` isn't installed",
        "install its package, or remove it from `markdown_extensions`",
    )


def _read(path: Path, above: frozenset[Path]) -> dict[str, Any]:
    """Return the settings in `path` with those of the files it inherits from."""
    import yaml  # noqa: PLC0415  # 20 ms

    try:
        content = yaml.load(path.read_bytes(), _loader(path.parent))  # noqa: S506  # is safe
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    if not isinstance(content, dict):
        return {}
    parent = content.get("INHERIT")
    if not isinstance(parent, str) or path in above:
        return content
    return _merged(_read(path.parent / parent, above | {path}), content)


def _merged(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """Return both as MkDocs merges them: mappings deeply, everything else replaced."""
    return parent | {
        key: _merged(parent[key], value)
        if isinstance(value, dict) and isinstance(parent.get(key), dict)
        else value
        for key, value in child.items()
    }


def _loader(root: Path) -> Any:
    """Return a safe loader that understands the tags that MkDocs does, as far as fences need it."""
    import yaml  # noqa: PLC0415
    from yaml_env_tag import construct_env_tag  # noqa: PLC0415

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        """Reads `!ENV` and `!relative`; makes no Python objects."""

    def relative(_loader: Any, node: yaml.ScalarNode) -> str:
        return str(root / str(node.value).partition("/")[2])

    name = "tag:yaml.org,2002:python/name:"
    Loader.add_multi_constructor(name, lambda _loader, suffix, _node: PythonName(suffix))
    Loader.add_multi_constructor("", lambda *_: None)  # the first that fits is taken
    Loader.add_constructor("!relative", relative)
    Loader.add_constructor("!ENV", construct_env_tag)
    return Loader
