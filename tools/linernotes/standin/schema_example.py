"""An example of a JSON Schema: what the stand-in answers with where no script says otherwise."""

from __future__ import annotations

import re
from typing import Any

from linernotes.standin.schema_fit import (
    WRONG_SCHEMA,
    BadSchemaError,
    Schema,
    problems,
    resolved,
    string_problems,
)

_BY_FORMAT = {
    "date-time": "2026-01-15T09:30:00Z",
    "date": "2026-01-15",
    "time": "09:30:00Z",
    "duration": "P1D",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_FOR_PATTERNS = (
    *_BY_FORMAT.values(),
    *("a", "A", "0", "1", "AA", "AB", "ABC", "abc", "abcd", "USD", "US", "10", "123", "1234"),
    *("12345", "123456", "12345678", "A1", "A-1", "AB-123", "ABC-1234", "abc-123", "ABC123"),
    *("#336699", "1.0.0", "v1.0.0", "+14155550100", "555-0100", "09:30", "12.50", "example"),
)
"""What strings with a `pattern` are tried with: a pattern is matched, not solved."""

MOST = 10_000
"""Items or characters of an example, whatever the schema asks for."""

_SUGGESTED = re.compile(r"(?:e\.g\.|for example|such as),? [\"'`]?([^\"'`.;()\n]+)", re.IGNORECASE)


def example(schema: Schema) -> Any:
    """Return a value that fits the schema: always the same one, and a plausible one if it can.

    Raises BadSchemaError.
    """
    try:
        return _example(schema, schema, "", ())
    except WRONG_SCHEMA:
        raise BadSchemaError from None


def _example(schema: Any, root: Schema, name: str, open_refs: tuple[str, ...]) -> Any:
    if not isinstance(schema, dict):  # `true` takes anything.
        return name
    if "$ref" in schema:
        if schema["$ref"] in open_refs:  # Nothing finite fits.
            return None
        target = resolved(schema["$ref"], root)
        return _example(target, root, name, (*open_refs, schema["$ref"]))
    if "allOf" in schema:
        return _example(_merged(schema), root, name, open_refs)
    for value in _written_values(schema):
        if not any(problems(value, schema, root)):
            return value
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return _example(_plainest(options, open_refs), root, name, open_refs)
    return _example_of_type(_type(schema), schema, root, name, open_refs)


def _written_values(schema: Schema) -> list[Any]:
    """Return the values that the schema itself holds."""
    single = [schema[key] for key in ("const", "default") if key in schema]
    return [*single, *(schema.get("enum") or ()), *(schema.get("examples") or ())]


def _example_of_type(
    type_: str, schema: Schema, root: Schema, name: str, open_refs: tuple[str, ...]
) -> Any:
    match type_:
        case "object":
            return _example_object(schema, root, open_refs)
        case "array":
            return _example_array(schema, root, name, open_refs)
        case "string":
            return _example_string(schema, name)
        case "integer" | "number":
            return _example_number(schema, type_)
        case "boolean":
            return True
        case _:
            return None


def _example_object(schema: Schema, root: Schema, open_refs: tuple[str, ...]) -> dict[str, Any]:
    """Put required properties first, as the API does; leave out optional ones that recur."""
    properties = schema.get("properties") or {}
    required = schema.get("required") or []
    optional = [
        name
        for name in properties
        if name not in required and not _reenters(properties[name], open_refs)
    ]
    return {
        name: _example(properties.get(name, {}), root, name, open_refs)
        for name in (*required, *optional)
    }


def _example_array(
    schema: Schema, root: Schema, name: str, open_refs: tuple[str, ...]
) -> list[Any]:
    items = schema.get("items") or {}
    prefix = [_example(item, root, name, open_refs) for item in schema.get("prefixItems") or ()]
    if prefix and items is False:
        return prefix
    least = schema.get("minItems", 0 if _reenters(items, open_refs) else 1)
    wanted = max(0, min(least, schema.get("maxItems", least), MOST) - len(prefix))
    return prefix + [_example(items, root, name, open_refs) for _ in range(wanted)]


def _example_string(schema: Schema, name: str) -> str:
    suggested = _SUGGESTED.search(schema.get("description") or "")
    candidates = [
        _BY_FORMAT.get(schema.get("format") or name, ""),
        suggested[1].strip() if suggested else "",
        name.replace("_", " "),
        *_FOR_PATTERNS,
    ]
    least = min(schema.get("minLength", 0), MOST)
    for text in filter(None, candidates):
        long_enough = (text * least)[: max(len(text), least)] or text
        fitting = long_enough[: schema.get("maxLength", len(long_enough))]
        if not any(string_problems(fitting, schema)):
            return fitting
    return "example"


def _example_number(schema: Schema, type_: str) -> float:
    """Return the first of a few likely numbers that fits: 1, or one near a bound."""
    step = schema.get("multipleOf", 1)
    bounds = [
        schema[key]
        for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
        if key in schema
    ]
    candidates = [1, 0, *bounds]
    for bound in bounds:
        below = bound // step * step
        candidates += [below, below + step, below - step]
    if type_ == "number" and bounds:
        candidates += [(bounds[0] + bounds[-1]) / 2, bounds[0] + 0.5, bounds[0] - 0.5]
    candidates.append(step)
    for number in candidates:
        value = int(number) if float(number).is_integer() else number
        if not any(problems(value, {**schema, "type": type_})):
            return value
    return 1


def _type(schema: Schema) -> str:
    given = schema.get("type")
    if isinstance(given, list):
        return next((name for name in given if name != "null"), "null")
    if given:
        return given
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _merged(schema: Schema) -> Schema:
    merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        for key, value in part.items():
            if isinstance(value, dict) and isinstance(merged.get(key), dict):
                merged[key] = merged[key] | value
            elif isinstance(value, list) and isinstance(merged.get(key), list):
                merged[key] = [*merged[key], *value]
            else:
                merged[key] = value
    return merged


def _plainest(options: list[Schema], open_refs: tuple[str, ...]) -> Schema:
    """Return the first option that is neither null nor a way back into an open definition."""
    settled = [option for option in options if not _reenters(option, open_refs)]
    return next(
        (option for option in settled or options if option.get("type") != "null"), options[0]
    )


def _reenters(schema: object, open_refs: tuple[str, ...]) -> bool:
    if isinstance(schema, dict):
        return schema.get("$ref") in open_refs or any(
            _reenters(value, open_refs) for value in schema.values()
        )
    return isinstance(schema, list) and any(_reenters(value, open_refs) for value in schema)
