"""Rules on the JSON Schemas that structured output and strict tools are held to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.contract.rules import Request, Rule, broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linernotes.contract.violations import Violation

MOST_OPTIONAL = 24
MOST_UNIONS = 16
MOST_STRICT_TOOLS = 20

UNSUPPORTED = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
)
"""Keywords that the grammar can't hold a model to."""

_SUBSCHEMAS = ("properties", "$defs", "definitions")
_SUBSCHEMA_LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")


def _strict_schemas(request: Request) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if request.output_format is not None:
        yield "output_config.format.schema", request.output_format["schema"]
    for index, tool in enumerate(request.body.get("tools") or ()):
        if tool.get("strict") and "input_schema" in tool:
            yield f"tools.{index}.input_schema", tool["input_schema"]


def _object(value: object) -> Mapping[str, Any]:
    """Return the value if it is an object, else an empty one: a schema may hold anything."""
    return value if isinstance(value, dict) else {}


def _nodes(schema: object, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each schema inside a schema, and itself."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for key in _SUBSCHEMAS:
        for name, value in _object(schema.get(key)).items():
            yield from _nodes(value, f"{path}.{key}.{name}")
    for key in _SUBSCHEMA_LISTS:
        nested = schema.get(key)
        for index, value in enumerate(nested if isinstance(nested, list) else ()):
            yield from _nodes(value, f"{path}.{key}.{index}")
    yield from _nodes(schema.get("items"), f"{path}.items")


def _schemas_are_closed(request: Request) -> Iterator[Violation]:
    for root, schema in _strict_schemas(request):
        for path, node in _nodes(schema, root):
            if node.get("type") == "object" and node.get("additionalProperties") is not False:
                yield broken(
                    path,
                    f"{root}: For 'object' type, 'additionalProperties' must be explicitly set to "
                    "false",
                    node.get("additionalProperties"),
                    "Add `'additionalProperties': False` to every object, or let "
                    "`anthropic.transform_schema(...)` do it.",
                    ("false",),
                )


def _keywords_are_supported(request: Request) -> Iterator[Violation]:
    for root, schema in _strict_schemas(request):
        for path, node in _nodes(schema, root):
            for key in UNSUPPORTED:
                if key in node:
                    kind = node.get("type", "object")
                    yield broken(
                        f"{path}.{key}",
                        f"{root}: For '{kind}' type, property '{key}' is not supported",
                        node[key],
                        "Say it in the `description` instead; `anthropic.transform_schema(...)` "
                        "does that.",
                    )
            if node.get("minItems", 0) not in (0, 1):
                yield broken(
                    f"{path}.minItems",
                    f"{root}: For 'array' type, 'minItems' values other than 0 or 1 are not "
                    "supported",
                    node["minItems"],
                    "Write 0 or 1, and say the number in the `description`.",
                    ("0", "1"),
                )


def _references_stay_inside(request: Request) -> Iterator[Violation]:
    for root, schema in _strict_schemas(request):
        for path, node in _nodes(schema, root):
            reference = node.get("$ref")
            if isinstance(reference, str) and not reference.startswith("#"):
                yield broken(
                    f"{path}.$ref",
                    f"{root}: External '$ref' is not supported",
                    reference,
                    "Put the schema under `$defs` and refer to `#/$defs/...`.",
                )
        if _is_recursive(schema):
            yield broken(
                root,
                f"{root}: Recursive schemas are not supported",
                "$ref",
                "Unroll the schema to the depth that is needed.",
            )


def _is_recursive(schema: Mapping[str, Any]) -> bool:
    """Take away definitions that refer to none that is left; what stays refers to itself."""
    definitions = _object(schema.get("$defs"))
    refers = {name: _references(definition) for name, definition in definitions.items()}
    while ends := [name for name, targets in refers.items() if not targets & refers.keys()]:
        for name in ends:
            del refers[name]
    return bool(refers) or "#" in _references(schema)


def _references(schema: object) -> set[str]:
    """Return the names of the definitions that a schema refers to; `#` is the whole schema."""
    return {
        node["$ref"].removeprefix("#/$defs/")
        for _, node in _nodes(schema, "")
        if isinstance(node.get("$ref"), str)
    }


def _schemas_are_small(request: Request) -> Iterator[Violation]:
    optional = unions = 0
    for root, schema in _strict_schemas(request):
        for _, node in _nodes(schema, root):
            required = node.get("required")
            known = required if isinstance(required, list) else []
            optional += sum(name not in known for name in _object(node.get("properties")))
            unions += "anyOf" in node or isinstance(node.get("type"), list)
    strict_tools = sum(bool(tool.get("strict")) for tool in request.body.get("tools") or ())
    for count, most, what in (
        (optional, MOST_OPTIONAL, "optional parameters"),
        (unions, MOST_UNIONS, "parameters with union types"),
        (strict_tools, MOST_STRICT_TOOLS, "strict tools"),
    ):
        if count > most:
            yield broken(
                "output_config.format.schema" if request.output_format else "tools",
                f"Schemas contains too many {what} ({count}); the limit is {most}.",
                count,
                f"Keep to {most} {what} in one request: make more of them required, or split "
                "the request.",
            )


def _format_goes_alone(request: Request) -> Iterator[Violation]:
    if request.output_format is None:
        return
    for turn in request.turns:
        for block in turn.blocks:
            citations = block.value.get("citations")
            if isinstance(citations, dict) and citations.get("enabled"):
                yield broken(
                    f"{block.path}.citations",
                    "output_config.format: structured outputs are not supported together with "
                    "citations",
                    citations,
                    "Turn `citations` off, or ask for free text.",
                )
    if request.turns and request.turns[-1].role == "assistant":
        yield broken(
            request.turns[-1].path,
            "output_config.format: structured outputs are not supported together with prefill",
            "assistant",
            "End with a user message.",
            ("user",),
        )


_SOURCE = "docs: build-with-claude/structured-outputs, August 2026"
RULES = (
    Rule(_schemas_are_closed, f"{_SOURCE}; the API's answer in public issue threads"),
    Rule(_keywords_are_supported, _SOURCE),
    Rule(_references_stay_inside, _SOURCE),
    Rule(_schemas_are_small, f"{_SOURCE}; agents-and-tools/tool-use/strict-tool-use"),
    Rule(_format_goes_alone, _SOURCE),
)
