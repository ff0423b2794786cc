"""What a project's files say: `mkdocs.yml`, and `[tool.linernotes]` in a `pyproject.toml`."""

from __future__ import annotations

import os
import re
import reprlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linernotes.findings import Finding, error

if TYPE_CHECKING:
    from collections.abc import Mapping

GATEWAYS = ("portkey", "orq")
"""The gateways that can be played while recording (linernotes.gateways.front)."""

LONGEST_TIMEOUT = 1_000_000
"""Seconds. poll(2), with which snippets are waited for, counts milliseconds in 31 bits."""


class ConfigurationError(Exception):
    """The call or the project's configuration is wrong (exit code 2)."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def wrong(
    code: str, file: Path, where: str, message: str, hint: str | None = None
) -> ConfigurationError:
    """Return the error about the line of `file` that the pattern `where` ends in, if any does."""
    text = file.read_text(encoding="utf-8", errors="replace")
    found = re.search(where, text, re.MULTILINE | re.DOTALL)
    line = text.count("\n", 0, found.end()) + 1 if found else None
    return ConfigurationError(error(code, file.name, line, message, hint))


def read_mkdocs(path: Path, heirs: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return the settings in `path`, and those it inherits; `heirs` are the files that inherit it.

    Mappings aren't merged, as MkDocs does (mkdocs/utils/yaml.py): none is of interest here. Raises
    ConfigurationError.
    """
    content = _read_yaml(path)
    name = content.get("INHERIT")
    if name is None:
        return content
    parent = Path(os.path.normpath(path.parent / str(name)))
    here = r"^INHERIT\s*:"
    if not parent.is_file():
        raise wrong("bad-mkdocs-yml", path, here, f"it inherits from {name}, which doesn't exist")
    if parent in (path, *heirs):
        raise wrong("bad-mkdocs-yml", path, here, f"it inherits from {name}, and that from it")
    return {**read_mkdocs(parent, (path, *heirs)), **content}


def text_setting(mkdocs: Mapping[str, Any], key: str, path: Path) -> str:
    """Return a setting of `mkdocs.yml` that is text, "" if it is absent.

    Raises ConfigurationError for anything else; `path` is the file.
    """
    value = mkdocs.get(key)
    if value is None or isinstance(value, str):
        return value or ""
    message = f"`{key}` is {reprlib.repr(value)}, which isn't text"
    raise wrong("bad-mkdocs-yml", path, rf"^{key}\s*:", message)


def read_settings(path: Path) -> dict[str, Any]:
    """Return `[tool.linernotes]` of the file `path`, which needn't exist.

    Raises ConfigurationError for a key that isn't known or hasn't the right type.
    """
    if not path.is_file():
        return {}
    tool = _read_toml(path).get("tool")
    settings = tool.get("linernotes", {}) if isinstance(tool, dict) else {}
    if not isinstance(settings, dict):
        raise wrong("bad-setting", path, r"^\s*linernotes\b", "`tool.linernotes` isn't a table")
    for key, value in settings.items():
        problem = _problem(key, value)
        if problem is not None:
            in_table = rf"^\s*\[tool\.linernotes\b(?:(?!^\s*\[).)*?^\s*[\"']?{re.escape(key)}\b"
            code, message, hint = problem
            raise wrong(code, path, in_table, message, hint)
    return settings


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415  # 20 ms that `--help` needn't pay
    from yaml_env_tag import construct_env_tag  # noqa: PLC0415

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        """Reads what MkDocs reads; tags such as `!!python/name:` become None."""

    Loader.add_multi_constructor("", lambda *_: None)
    Loader.add_constructor("!ENV", construct_env_tag)
    line = None
    try:
        content = yaml.load(path.read_bytes(), Loader)  # noqa: S506  # is safe
    except OSError as exc:
        said = f"can't be read: {exc.strerror}"
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else None
        said = f"not valid YAML: {exc.problem}"
    except Exception as exc:  # noqa: BLE001  # constructors of PyYAML raise whatever int() does
        said = f"not valid YAML: {str(exc) or type(exc).__name__}".partition("\n")[0]
    else:
        if isinstance(content, dict):
            return content
        line, said = 1, "the file isn't a mapping: it needs at least `site_name: …`"
    raise ConfigurationError(error("bad-mkdocs-yml", path.name, line, said))


def _read_toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415  # only where there is a pyproject.toml
    else:
        import tomli as tomllib  # noqa: PLC0415
    line = None
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as exc:
        said = f"can't be read: {exc.strerror}"
    except (ValueError, RecursionError) as exc:
        found = re.search(r"\(at line (\d+)", str(exc))  # tomllib has no attribute for it till 3.14
        line = int(found.group(1)) if found else None
        said = f"not valid TOML: {exc}"
    raise ConfigurationError(error("bad-pyproject", path.name, line, said))


def _problem(key: str, value: object) -> tuple[str, str, str] | None:
    """Return code, message and hint for a key of `[tool.linernotes]` that can't be as it is."""
    message = f"`{key}` in [tool.linernotes] is {reprlib.repr(value)}"
    if key in ("snippets", "cassettes"):
        if isinstance(value, str) and value.strip() and "\0" not in value:
            return None
        return "bad-setting", message, f'write a directory, such as `{key} = "docs_{key}"`'
    if key == "timeout":
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and 0 < value < LONGEST_TIMEOUT:
            return None
        return "bad-setting", message, "write a number of seconds, such as `timeout = 20`"
    if key == "environment":
        if not isinstance(value, dict):
            return "bad-setting", message, 'write a table, such as `environment = {REGION = "eu"}`'
        return next(filter(None, map(_variable_problem, value, value.values())), None)
    if key == "gateways":
        if not isinstance(value, dict):
            hint = 'write a table, such as `gateways = {"api.portkey.ai" = "portkey"}`'
            return "bad-setting", message, hint
        return next(filter(None, map(_gateway_problem, value, value.values())), None)
    known = "snippets, cassettes, timeout, environment, gateways"
    return "unknown-setting", f"[tool.linernotes] has no key `{key}`", f"the keys are {known}"


def _variable_problem(name: str, value: object) -> tuple[str, str, str] | None:
    """Return what `_problem` does, for what can't be in an environment (environ(7))."""
    where = f"`environment` in [tool.linernotes] has {name!r}"
    if not name or "=" in name or "\0" in name:
        return "bad-setting", where, "write the name of a variable, such as `REGION`"
    if not isinstance(value, str) or "\0" in value:
        return "bad-setting", f"{where}, which isn't text", f'write it in quotes: `{name} = "…"`'
    return None


def _gateway_problem(host: str, value: object) -> tuple[str, str, str] | None:
    """Return what `_problem` does, for a gateway that isn't known or a host that isn't one."""
    where = f"`gateways` in [tool.linernotes] has {host!r}"
    if not host or "/" in host:
        return "bad-setting", where, 'write the host alone, such as `"api.portkey.ai"`'
    if value not in GATEWAYS:
        known = " or ".join(f'"{name}"' for name in GATEWAYS)
        return "bad-setting", f"{where} as {value!r}", f"write which gateway it is: {known}"
    return None
