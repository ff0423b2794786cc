"""What keeps a value from fitting a JSON Schema, as far as tools and structured output use it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema: TypeAlias = "Mapping[str, Any]"

_ROUNDING = 1e-9

_PYTHON_TYPES: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


WRONG_SCHEMA = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading something as a JSON Schema may raise when it is none."""


class BadSchemaError(Exception):
    """Something that stands for a JSON Schema and is none."""


def problems(value: Any, schema: Schema, root: Schema | None = None) -> Iterator[str]:
    """Yield, in words, what keeps a value from fitting a schema.

    `root` holds the definitions that the schema refers to, if it is part of a larger one. Raises
    BadSchemaError.
    """
    try:
        yield from _problems(value, schema, schema if root is None else root, "")
    except WRONG_SCHEMA:
        raise BadSchemaError from None


def _problems(value: Any, schema: Any, root: Schema, path: str) -> Iterator[str]:
    if schema is False:
        yield f"{path or 'the value'} is not allowed"
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from _problems(value, resolved(schema["$ref"], root), root, path)
    wrong = tuple(_constant_problems(value, schema))
    yield from (f"{path or 'the value'} {problem}" for problem in wrong)
    yield from _combination_problems(value, schema, root, path)
    if wrong:
        return
    if isinstance(value, dict):
        yield from _object_problems(value, schema, root, path)
    elif isinstance(value, list):
        yield from _array_problems(value, schema, root, path)
    elif isinstance(value, str):
        yield from (f"{path or 'the value'} {it}" for it in string_problems(value, schema))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (f"{path or 'the value'} {it}" for it in _number_problems(value, schema))


def _constant_problems(value: object, schema: Schema) -> Iterator[str]:
    given = schema.get("type")
    types = [given] if isinstance(given, str) else given
    if types and not any(_has_type(value, name) for name in types):
        yield f"should be of the type {' or '.join(types)}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"should be one of {', '.join(map(str, schema['enum']))}"
    elif "const" in schema and value != schema["const"]:
        yield f"should be {schema['const']}"


def _combination_problems(value: Any, schema: Schema, root: Schema, path: str) -> Iterator[str]:
    for part in schema.get("allOf") or ():
        yield from _problems(value, part, root, path)
    for key in ("anyOf", "oneOf"):
        options = schema.get(key)
        if options and all(any(_problems(value, option, root, path)) for option in options):
            yield f"{path or 'the value'} fits none of the schemas in {key}"


def _has_type(value: object, name: str) -> bool:
    if name in ("integer", "number"):
        return not isinstance(value, bool) and (
            isinstance(value, int)
            or (isinstance(value, float) and (name == "number" or value.is_integer()))
        )
    return isinstance(value, _PYTHON_TYPES.get(name, object))


def _object_problems(
    value: Mapping[str, Any], schema: Schema, root: Schema, path: str
) -> Iterator[str]:
    properties = schema.get("properties") or {}
    for name in schema.get("required") or ():
        if name not in value:
            yield f"{_inside(path, name)} is missing"
    for name, item in value.items():
        if name in properties:
            yield from _problems(item, properties[name], root, _inside(path, name))
        elif schema.get("additionalProperties") is False:
            yield f"{_inside(path, name)} is not in the schema"
        else:
            yield from _problems(
                item, schema.get("additionalProperties"), root, _inside(path, name)
            )


def _array_problems(value: list[Any], schema: Schema, root: Schema, path: str) -> Iterator[str]:
    where = path or "the value"
    if len(value) < schema.get("minItems", 0):
        yield f"{where} should have at least {schema['minItems']} items"
    if len(value) > schema.get("maxItems", len(value)):
        yield f"{where} should have at most {schema['maxItems']} items"
    prefix = schema.get("prefixItems") or ()
    for index, item in enumerate(value):
        item_schema = prefix[index] if index < len(prefix) else schema.get("items")
        yield from _problems(item, item_schema, root, _inside(path, str(index)))


def string_problems(value: str, schema: Schema) -> Iterator[str]:
    """Yield what keeps a string from fitting its keywords; each goes on after the string's name."""
    if len(value) < schema.get("minLength", 0):
        yield f"should have at least {schema['minLength']} characters"
    if len(value) > schema.get("maxLength", len(value)):
        yield f"should have at most {schema['maxLength']} characters"
    pattern = schema.get("pattern")
    if pattern and not _matches(pattern, value):
        yield f"should match {pattern}"


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # JSON Schema's patterns are JavaScript's; what Python can't read is let pass.
        return True


def _number_problems(value: float, schema: Schema) -> Iterator[str]:
    if value < schema.get("minimum", value):
        yield f"should be at least {schema['minimum']}"
    if value > schema.get("maximum", value):
        yield f"should be at most {schema['maximum']}"
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        yield f"should be above {schema['exclusiveMinimum']}"
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        yield f"should be below {schema['exclusiveMaximum']}"
    step = schema.get("multipleOf")
    if step and abs(value / step - round(value / step)) > _ROUNDING:
        yield f"should be a multiple of {step}"


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def resolved(reference: str, root: Schema) -> Schema:
    """Return the definition that `#/$defs/Name` names; an unknown one takes anything."""
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        if part:
            found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
